"""Descriptions of RETURNN's datasets of text: for language models, and pairs of texts for translation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .dataset_functions import dataset_of_blocks, dataset_of_blocks_with_dropout, function_code, other_pieces


def text_dataset(
    text: Any, labels: Mapping[str, Any], *, seq_ordering: str = "default", partition_epoch: int = 1
) -> dict[str, Any]:
    """
    Text, a sentence a line, as labels ``data`` (RETURNN's LmDataset); the tag of a sequence is ``line-N``, N from 0.

    It keeps the place of each line in memory, about 150 bytes: for more than some million lines, training data are
    better :func:`text_blocks_dataset`.

    :param text: a ``tk.Path``, or several; UTF-8, plain or ``.gz``. RETURNN leaves out the last line of a plain file if
        no line end is after it, and counts lines with only spaces: :class:`jobs.text.checked.CheckedTextJob` makes of
        a text that others wrote one without these
    :param labels: how labels are made of text, as of :func:`recipe.data.subwords.sentence_pieces`
    :param seq_ordering: RETURNN's name of an order, for example "random" or "laplace:.1000"
    :param partition_epoch: in so many parts an epoch is cut
    """
    files = list(text) if isinstance(text, (list, tuple)) else [text]
    options: dict[str, Any] = {
        "class": "LmDataset",
        "corpus_file": files,
        "orth_vocab": dict(labels),
        "skip_empty_lines": True,
        "seq_ordering": seq_ordering,
        "dtype": "int32",
    }
    if partition_epoch != 1:
        options["partition_epoch"] = partition_epoch
    return options


def text_blocks_dataset(
    blocks: Sequence[Any], labels: Mapping[str, Any], *, partition_epoch: int = 1, bpe_dropout: float = 0.0
) -> dict[str, Any]:
    """
    Text of any length as training data: RETURNN has only the blocks of one epoch (and those of the next, which another
    process gets ready) in hand. Each time all is read the blocks come in another order, and the lines of those read
    together, too (RETURNN's DistributeFilesDataset).

    :param blocks: of :class:`jobs.text.blocks.TextBlocksJob`, at least ``partition_epoch``
    :param labels: as of :func:`recipe.data.subwords.sentence_pieces`
    :param partition_epoch: in so many parts an epoch is cut; what RETURNN has in hand is about this part of the text
    :param bpe_dropout: as the ``dropout`` of :func:`with_bpe_dropout`
    :raises ValueError: if there are fewer blocks than parts
    """
    if len(blocks) < partition_epoch:
        raise ValueError(f"partition_epoch={partition_epoch} parts cannot be made of {len(blocks)} blocks: make more")
    rest = {key: value for key, value in labels.items() if key != "model_file"}
    function = function_code(dataset_of_blocks, 1, labels=rest)
    if bpe_dropout:
        dropout = _checked_dropout(bpe_dropout)
        function = function_code(dataset_of_blocks_with_dropout, 1, labels=rest, dropout=dropout)
    return {
        "class": "DistributeFilesDataset",
        "files": [(block, labels["model_file"]) for block in blocks],  # the function gets files, nothing else
        "get_sub_epoch_dataset": function,
        "seq_ordering": "random",
        "partition_epoch": partition_epoch,
    }


def text_pair_dataset(
    source: Any,
    target: Any,
    source_labels: Mapping[str, Any],
    target_labels: Mapping[str, Any],
    *,
    seq_ordering: str = "default",
) -> dict[str, Any]:
    """
    Two texts, line by line translations of each other: ``data`` and ``classes``; the tag of a pair is ``line-N``.

    :param source: of :class:`jobs.text.pairs.TextPairsJob`, which has checked both
    :param target: the translation
    :param source_labels: as of :func:`recipe.data.subwords.sentence_pieces`
    :param target_labels: the same for the target
    :param seq_ordering: RETURNN's name of an order, by the length of the target
    """
    return {
        "class": "MetaDataset",
        "datasets": {
            "source": text_dataset(source, source_labels),
            "target": text_dataset(target, target_labels, seq_ordering=seq_ordering),
        },
        "data_map": {"data": ("source", "data"), "classes": ("target", "data")},
        "seq_order_control_dataset": "target",
    }


def with_bpe_dropout(
    dataset: Mapping[str, Any], dropout: float, *, streams: Sequence[str] = ("data",)
) -> dict[str, Any]:
    """
    BPE dropout (Provilkov et al. 2020; there 0.1) that is a function of epoch and sequence, so that a training can be
    repeated, and goes on after an interruption as without one. The ``sampling`` of
    :func:`recipe.data.subwords.sentence_pieces` draws otherwise each time, as RETURNN does not seed it.

    :param dataset: with labels of a SentencePiece model of kind "bpe", without sampling: of :func:`text_dataset`,
        :func:`text_pair_dataset`, :func:`recipe.data.speech_dataset.ogg_zip_dataset`
    :param dropout: the probability that a merge is left out
    :param streams: which have such labels
    :raises ValueError: if dropout is not between 0 and 1
    """
    if dataset.get("class") == "DistributeFilesDataset":
        raise ValueError("RETURNN has no labels of such a dataset: give text_blocks_dataset(..., bpe_dropout=...)")
    function = function_code(other_pieces, 1, dropout=_checked_dropout(dropout), streams=tuple(streams))
    return {"class": "PostprocessingDataset", "dataset": dict(dataset), "map_seq": function}


def _checked_dropout(dropout: float) -> float:
    if not 0 < dropout < 1:
        raise ValueError(f"dropout={dropout}: a number between 0 and 1 is meant, as 0.1")
    return float(dropout)
