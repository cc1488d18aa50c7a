"""
What the translation experiments have in common: texts, subwords, training, search, scores, and what they register.

The experiments themselves are in ``configs/translation.py``.
"""

from __future__ import annotations

import os
from typing import Any, NamedTuple

from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.debian_package import DebianPackageJob
from jobs.search import SearchJob
from jobs.selected_network import SelectedNetwork
from jobs.subwords.joining import SubwordsToWordsJob
from jobs.subwords.training import SentencePieceTrainingJob
from jobs.summary import print_next_step
from jobs.text.bleu import BleuJob
from jobs.text.dictionary import PARTS, DictionaryPairsJob
from jobs.text.hypotheses import TextToHypothesesJob
from jobs.text.pairs import TextPairsJob
from jobs.text.references import TextToReferencesJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.subwords import sentence_pieces
from recipe.data.text_dataset import text_dataset, text_pair_dataset

BATCHES = {"batch_size": 3000, "max_seqs": 300}
LONGEST = 40
MAX_PIECES = 60
THREADS = {"tf_session_opts": {"intra_op_parallelism_threads": 1, "inter_op_parallelism_threads": 2}}


class Texts(NamedTuple):
    """
    A pair of texts in three parts: "train", "dev", "test".

    :ivar source: text files by part
    :ivar target: their translations
    """

    source: dict[str, tk.Path]
    target: dict[str, tk.Path]

    def checked(self, part: str) -> TextPairsJob:
        """One part as RETURNN reads it; of the training part without very long sentences."""
        return TextPairsJob(self.source[part], self.target[part], longest=LONGEST if part == "train" else None)


class Inputs(NamedTuple):
    """The subwords of both languages, and the declarations of what the networks read."""

    source_subwords: SentencePieceTrainingJob
    target_subwords: SentencePieceTrainingJob
    source: nn.ExternData
    target: nn.ExternData


def dictionary(*, words: bool = False) -> Texts:
    """
    German to English: phrases and sentences of the dictionary in Debian's package ``trans-de-en``.

    :param words: also single words, in the training part
    """
    package = DebianPackageJob("trans-de-en")
    pairs = DictionaryPairsJob(package.out_directory, train_min_words=1 if words else 3)
    return Texts(pairs.out_german, pairs.out_english)


def own_texts(directory: str, source: str, target: str) -> Texts:
    """
    Files of one's own: ``DIRECTORY/train.SOURCE``, ``dev.SOURCE``, ``test.SOURCE``, and the same with TARGET, or with
    ``.gz`` at the end.

    :raises FileNotFoundError: for a file that is not there
    """

    def path(part: str, language: str) -> tk.Path:
        name = os.path.join(os.path.abspath(directory), f"{part}.{language}")
        for file in (name, f"{name}.gz"):
            if os.path.exists(file):
                return tk.Path(file)
        raise FileNotFoundError(f"there is no {name} and no {name}.gz: a text has a sentence a line, in UTF-8")

    return Texts(*({part: path(part, language) for part in PARTS} for language in (source, target)))


def inputs_of(texts: Texts, *, size: int, kind: str = "bpe") -> Inputs:
    """
    Subwords of the training text of each language.

    :param size: labels of each language
    :param kind: of the subwords: "bpe", "unigram" or "character"
    """
    train = texts.checked("train")
    subwords = [SentencePieceTrainingJob(text, size=size, kind=kind) for text in (train.out_source, train.out_target)]
    dims = [
        nn.Dim(job.out_size, f"{name}_labels", labels=job.out_labels)
        for job, name in zip(subwords, ("source", "target"))
    ]
    return Inputs(
        *subwords,
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "source_time")], sparse_dim=dims[0]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "target_time")], sparse_dim=dims[1]),
    )


def training(
    model: nn.Module,
    texts: Texts,
    inputs: Inputs,
    learning_rates: list[float],
    *,
    dropout: float = 0.0,
    engine: str = "tensorflow",
    **kwargs: Any,
) -> TrainingJob:
    """
    :param model: reads source and target, as :class:`recipe.models.sequence_to_sequence.SequenceToSequence`
    :param learning_rates: one an epoch
    :param dropout: BPE dropout of both texts, see :func:`recipe.data.subwords.sentence_pieces`
    :param engine: what RETURNN trains with
    :param kwargs: others of the job
    """

    def dataset(part: str, seq_ordering: str, sampling: float) -> dict[str, Any]:
        pairs = texts.checked(part)
        labels = [
            sentence_pieces(job.out_model, sampling=sampling)
            for job in (inputs.source_subwords, inputs.target_subwords)
        ]
        return text_pair_dataset(pairs.out_source, pairs.out_target, *labels, seq_ordering=seq_ordering)

    train, dev = dataset("train", "laplace:.2000", dropout), dataset("dev", "sorted", 0.0)
    return train_on(train, dev, nn.Network(model), learning_rates, engine=engine, **kwargs)


def train_on(
    train: dict[str, Any],
    dev: dict[str, Any],
    network: nn.Network,
    learning_rates: list[float],
    *,
    engine: str = "tensorflow",
    **kwargs: Any,
) -> TrainingJob:
    """
    The training of any model here.

    :param train: the dataset, as for dev
    :param learning_rates: one an epoch
    :param engine: what RETURNN trains with
    :param kwargs: others of the job
    """
    return TrainingJob(
        network,
        train,
        dev,
        config={
            **BATCHES,
            "optimizer": {"class": "adam", "epsilon": 1e-8},
            "learning_rates": learning_rates,
            "learning_rate": learning_rates[-1],
            "gradient_clip_global_norm": 2.0,
        },
        num_epochs=len(learning_rates),
        keep_epochs={len(learning_rates)},
        engine=engine,
        **{**threads(engine), **kwargs},
    )


def threads(engine: str) -> dict[str, Any]:
    """How many threads compute: TensorFlow with two at most, PyTorch with one, which is faster in such small loops."""
    return {"post_config": THREADS} if engine == "tensorflow" else {"cpu_rqmt": 1}


def searched(
    texts: Texts, inputs: Inputs, part: str, network: nn.Network | SelectedNetwork, checkpoint: Checkpoint
) -> SearchJob:
    """The translations of a part, as subwords."""
    labels = sentence_pieces(inputs.source_subwords.out_model)
    data = text_dataset(texts.checked(part).out_source, labels, seq_ordering="sorted")
    return SearchJob(network, checkpoint, data, config=BATCHES, **threads(checkpoint.engine))


def bleu(texts: Texts, part: str, hypotheses: tk.Path) -> BleuJob:
    """The scores of translations of a part, given as subwords."""
    references = TextToReferencesJob(texts.checked(part).out_target)
    return BleuJob(SubwordsToWordsJob(hypotheses).out_hypotheses, references.out_references)


def copied(texts: Texts, part: str) -> BleuJob:
    """What it scores to leave the source as it is: the least that a translation should be better than."""
    pairs = texts.checked(part)
    references = TextToReferencesJob(pairs.out_target)
    return BleuJob(TextToHypothesesJob(pairs.out_source).out_hypotheses, references.out_references)


def register_training(name: str, train: TrainingJob) -> None:
    """What can be looked at while it trains."""
    train.add_alias(f"{name}/training")
    tk.register_output(f"{name}/learning_rates", train.out_learning_rates)
    tk.register_output(f"{name}/learning_curves.png", train.out_learning_curves)
    tk.register_output(f"{name}/learning_curves.txt", train.out_learning_curves_table)


def register_scores(name: str, texts: Texts, hypotheses: dict[str, tk.Path], *, next_step: str) -> dict[str, BleuJob]:
    """
    Scores, registered under ``output/NAME/``.

    :param hypotheses: by part, as subwords
    :param next_step: what is said when all is done
    :return: the scores by part
    """
    scores = {}
    for part, found in hypotheses.items():
        scores[part] = bleu(texts, part, found)
        tk.register_output(f"{name}/{part}/hypotheses.jsonl", scores[part].hypotheses)
        tk.register_output(f"{name}/{part}/bleu", scores[part].out_bleu)
        tk.register_output(f"{name}/{part}/chrf", scores[part].out_chrf)
        tk.register_output(f"{name}/{part}/report.txt", scores[part].out_report_text)
    tk.register_callback(print_next_step, next_step, [job.out_bleu for job in scores.values()])
    return scores
