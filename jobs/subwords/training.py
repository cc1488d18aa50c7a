"""The job that trains a SentencePiece model: a vocabulary of subwords or characters."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from typing import Any

from sisyphus import Task, tk

from recipe.data.subwords import END_INDEX, UNKNOWN_INDEX
from recipe.data.text import read_files

from ..atomic_file import replacing, write_text
from ..unhashed import JobWithUnhashedArguments

KINDS = {"bpe": "bpe", "unigram": "unigram", "character": "char"}
"""What SentencePiece calls the kinds."""

_THREADS = 4  # a model is the same on each machine, not with each number of threads
_LONGEST_LINE = 1_000_000  # bytes; SentencePiece passes over longer ones, and its own limit is 4,192


class SentencePieceTrainingJob(JobWithUnhashedArguments):
    """
    A vocabulary of subwords, learned from text; the same text and arguments give the same files.

    Index 0 is the end of a sentence, index 1 what the vocabulary lacks (:mod:`recipe.data.subwords`). A network has it
    as ``nn.Dim(job.out_size, "labels", labels=job.out_labels)``, data by :func:`recipe.data.subwords.sentence_pieces`.

    - ``out_model``: SentencePiece's model
    - ``out_vocabulary``: the labels, one a line, in the order of their indices
    - ``out_size``: how many, ``out_labels``: the labels as a list

    :param text: a sentence a line, UTF-8, plain or ``.gz``; one file or several
    :param size: how many labels, with those of end and unknown; None: as many as there are, of characters only
    :param kind: "bpe" (Sennrich et al. 2016), "unigram" (Kudo 2018) or "character"
    :param character_coverage: the share of all characters that get labels; less than 1 for Chinese or Japanese (0.9995)
    :param normalization: SentencePiece's rule for text: "identity", or "nmt_nfkc", "nmt_nfkc_cf" (also small letters),
        which change what is scored, so references must be normalised alike
    :param max_sentences: learn from so many, drawn at random, where the text is more than the memory holds
    :param options: further ones of SentencePiece's trainer, as ``{"byte_fallback": True, "split_digits": True}``
    :param mem_rqmt: GB; not hashed
    :param time_rqmt: hours; not hashed
    """

    unhashed = ("mem_rqmt", "time_rqmt")

    def __init__(
        self,
        text: tk.Path | Sequence[tk.Path],
        *,
        size: int | None = None,
        kind: str = "bpe",
        character_coverage: float = 1.0,
        normalization: str = "identity",
        max_sentences: int | None = None,
        options: dict[str, Any] | None = None,
        mem_rqmt: float = 4,
        time_rqmt: float = 2,
    ):
        if kind not in KINDS:
            raise ValueError(f"kind is one of {', '.join(KINDS)}, not {kind!r}")
        if size is None and kind != "character":
            raise ValueError(f"size=... says how many labels a vocabulary of kind {kind!r} has, for example 5000")
        if max_sentences is not None and max_sentences <= 100:
            raise ValueError(f"max_sentences is more than 100, or None for all, not {max_sentences!r}")
        self.text = text if isinstance(text, tk.Path) else list(text)
        self.size = size
        self.kind = kind
        self.character_coverage = character_coverage
        self.normalization = normalization
        self.max_sentences = max_sentences
        self.options = options or {}

        self.out_model = self.output_path("subwords.model")
        self.out_vocabulary = self.output_path("vocabulary.txt")
        self.out_size = self.output_var("size")
        self.out_labels = self.output_var("labels")

        self.rqmt = {"cpu": 2, "mem": mem_rqmt, "time": time_rqmt, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Learns the vocabulary.

        :raises ValueError: at a line that is not UTF-8; without text; for a size that the text cannot give: the least
            or the most that it can
        """
        paths = [path.get_path() for path in ([self.text] if isinstance(self.text, tk.Path) else self.text)]
        model = self._train(paths)
        labels = labels_of_model(model)
        with replacing(self.out_model) as part, open(part, "wb") as file:
            file.write(model)
        write_text(self.out_vocabulary, "".join(f"{label}\n" for label in labels))
        self.out_labels.set(labels)
        self.out_size.set(len(labels))

    def _train(self, paths: list[str]) -> bytes:
        import sentencepiece

        sentencepiece.set_random_generator_seed(1)
        sentences, model = _Sentences(paths), io.BytesIO()
        try:
            sentencepiece.SentencePieceTrainer.train(
                **{
                    "sentence_iterator": iter(sentences),
                    "model_writer": model,
                    "model_type": KINDS[self.kind],
                    "vocab_size": self.size or 1_000_000,
                    "hard_vocab_limit": self.kind != "character",
                    "eos_id": END_INDEX,
                    "unk_id": UNKNOWN_INDEX,
                    "bos_id": -1,
                    "pad_id": -1,
                    "character_coverage": self.character_coverage,
                    "normalization_rule_name": self.normalization,
                    "max_sentence_length": _LONGEST_LINE,
                    "input_sentence_size": self.max_sentences or 0,
                    "shuffle_input_sentence": self.max_sentences is not None,
                    "num_threads": _THREADS,
                    "minloglevel": 1,
                    **self.options,
                }
            )
        except (RuntimeError, OSError) as error:
            if sentences.error is not None:
                raise sentences.error from None
            raise self._explained(error, sentences.count, paths) from error
        return model.getvalue()

    def _explained(self, error: Exception, sentences: int, paths: list[str]) -> Exception:
        """What SentencePiece says, in terms of this job."""
        files = ", ".join(paths)
        if not sentences:
            return ValueError(f"there is no text to learn subwords from: all lines are empty in {files}")
        most = re.search(r"Vocabulary size too high.*<= (\d+)", str(error))
        if most:
            return ValueError(f"size={self.size} is more than the text gives: at most {most[1]}, from {files}")
        least = re.search(r"smaller than required_chars\. \d+ vs (\d+)", str(error))
        if least:
            return ValueError(
                f"size={self.size} is less than end, unknown and all characters of the text, which are {least[1]}: "
                f"take more, or character_coverage below 1, which leaves out rare ones. The text is {files}"
            )
        return error


class _Sentences:
    """The lines of files that are not empty; SentencePiece makes a text of what is raised, so it is kept here."""

    def __init__(self, paths: list[str]):
        self.paths = paths
        self.count = 0
        self.error: Exception | None = None

    def __iter__(self) -> Iterator[str]:
        try:
            for line in read_files(self.paths):
                if line:
                    self.count += 1
                    yield line
        except (ValueError, OSError) as error:
            self.error = error
            raise


def labels_of_model(model: bytes | str) -> list[str]:
    """
    The labels of a SentencePiece model, in the order of their indices.

    :param model: its content, or the name of its file
    :raises ValueError: if it is none
    """
    processor = processor_of(model)
    return [processor.IdToPiece(index) for index in range(processor.GetPieceSize())]


def has_end_label(model: str) -> bool:
    """Whether a SentencePiece model, a file, has a label for the end of a sentence."""
    return bool(processor_of(model).eos_id() >= 0)


def processor_of(model: bytes | str) -> Any:
    """
    SentencePiece's processor of a model.

    :param model: its content, or the name of its file
    :raises ValueError: if it is none
    """
    import sentencepiece

    if isinstance(model, bytes):
        content = model
    else:
        with open(model, "rb") as file:
            content = file.read()
    processor = sentencepiece.SentencePieceProcessor()
    try:
        processor.LoadFromSerializedProto(content)
    except RuntimeError as error:
        raise ValueError(f"{model if isinstance(model, str) else 'this'} is no SentencePiece model: {error}") from error
    return processor
