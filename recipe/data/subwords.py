"""
Subwords: vocabularies of pieces of words (SentencePiece: Kudo and Richardson 2018), and words put together again.

A piece that begins a word has ``▁`` before it. The end of a sentence has index 0 and what the vocabulary lacks index 1,
in all models that :class:`jobs.subwords.training.SentencePieceTrainingJob` makes; there is no label for its beginning,
because decoders begin with the label of the end (:class:`recipe.models.label_decoder.LabelDecoder`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

END_LABEL = "</s>"
END_INDEX = 0
UNKNOWN_LABEL = "<unk>"
UNKNOWN_INDEX = 1

WORD_START = "▁"
"""U+2581, what SentencePiece writes in place of the space before a word."""

NO_TEXT = ("<s>", END_LABEL, "<pad>", "<blank>")
"""Labels that stand for no text."""


def sentence_pieces(model: Any, *, end_label: bool = True, sampling: float = 0.0) -> dict[str, Any]:
    """
    The option of RETURNN's datasets that makes labels of text by a SentencePiece model: ``targets`` of OggZipDataset,
    ``orth_vocab`` of LmDataset.

    :param model: of :class:`jobs.subwords.training.SentencePieceTrainingJob`, a ``tk.Path``
    :param end_label: whether each sequence ends with :data:`END_LABEL`: for decoders and language models, not for CTC
    :param sampling: for training data, other pieces of a word each time: with BPE the probability that a merge is left
        out (BPE dropout, Provilkov et al. 2020; there 0.1), with unigram the smoothing of the distribution that is
        drawn from (Kudo 2018; there 0.1 to 0.5). Characters have nothing to sample
    :raises ValueError: if sampling is not between 0 and 1
    """
    if not 0 <= sampling < 1:
        raise ValueError(f"sampling is a number from 0 (none) to below 1, not {sampling!r}")
    options: dict[str, Any] = {"class": "SentencePieces", "model_file": model, "add_eos": end_label}
    if sampling:
        options.update(enable_sampling=True, nbest_size=-1, alpha=sampling)
    return options


def words(vocabulary: Any, *, unknown_label: str | None = UNKNOWN_LABEL) -> dict[str, Any]:
    """
    The same for a vocabulary of words, or of labels of any kind with spaces between them in the text.

    :param vocabulary: a file with a label a line, a ``tk.Path`` (:class:`jobs.subwords.given.VocabularyFileJob`)
    :param unknown_label: one of its labels, for words that it lacks; None: such a word is an error
    """
    return {"class": "Vocabulary", "vocab_file": vocabulary, "unknown_label": unknown_label}


def words_of(labels: Iterable[str], *, drop: Sequence[str] = NO_TEXT) -> tuple[str, ...]:
    """
    The words that pieces make, as SentencePiece's ``decode`` joins them; but what is unknown stays
    :data:`UNKNOWN_LABEL`.

    :param labels: pieces; with ``byte_fallback`` also bytes as ``<0xC3>``
    :param drop: labels that stand for no text
    """
    text = "".join(label for label in labels if label not in drop)
    return tuple(re.sub(r"(?:<0x[0-9A-F]{2}>)+", _bytes_text, text).replace(WORD_START, " ").split())


def _bytes_text(match: re.Match[str]) -> str:
    return bytes.fromhex(re.sub(r"<0x|>", "", match[0])).decode(errors="replace")
