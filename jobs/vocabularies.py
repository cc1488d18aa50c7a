"""Whether the labels that a dataset makes of text are those of the network: found before anything is trained."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sisyphus import tk

from recipe import nn
from recipe.data.text import open_bytes
from recipe.data.vocabulary import read_vocabulary
from recipe.nn.plain.delayed import origin_of, origin_text

from .subwords.training import has_end_label, labels_of_model

_STREAMS = {
    "LmDataset": {"orth_vocab": "data"},
    "OggZipDataset": {"targets": "classes"},
    "TextDictDataset": {"vocab": "data"},
    "LibriSpeechCorpus": {"targets": "classes"},
}
"""Which options of RETURNN's datasets are vocabularies, and of which stream."""

_FILES = {"SentencePieces": "model_file", "Vocabulary": "vocab_file"}
"""Which option of RETURNN's vocabularies is their file."""

_WITH_LABELS = ("CharacterTargets", "Vocabulary")
"""Those that may have a list of labels in place of a file."""


def files_of(dataset: Any) -> dict[str, Any]:
    """The files of the vocabularies by which a dataset makes labels of text, by stream."""
    return {stream: options[_FILES[options["class"]]] for stream, options in vocabularies_of(dataset).items()}


def vocabularies_of(dataset: Any) -> dict[str, Any]:
    """
    The options of the vocabularies of a dataset by stream, as far as its options say and they have a file.

    :param dataset: RETURNN's options; Python code says nothing
    """
    return _vocabularies(dataset, _has_file)


def _has_file(vocabulary: Mapping[str, Any]) -> bool:
    return vocabulary.get(_FILES.get(str(vocabulary.get("class")), "")) is not None


def _has_labels(vocabulary: Mapping[str, Any]) -> bool:
    return vocabulary.get("class") in _WITH_LABELS and isinstance(vocabulary.get("labels"), (list, tuple))


def _vocabularies(dataset: Any, is_wanted: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
    if not isinstance(dataset, Mapping):
        return {}
    name = dataset.get("class")
    if name == "MetaDataset":
        parts, data_map = dataset.get("datasets"), dataset.get("data_map")
        if not isinstance(parts, Mapping) or not isinstance(data_map, Mapping):
            return {}
        inner = {key: _vocabularies(one, is_wanted) for key, one in parts.items()}
        return {stream: inner[key][of] for stream, (key, of) in data_map.items() if of in inner.get(key, {})}
    if name == "MultiProcDataset" or (name == "PostprocessingDataset" and "map_outputs" not in dataset):
        return _vocabularies(dataset.get("dataset"), is_wanted)
    if name == "DistributeFilesDataset":  # of recipe.data.text_dataset.text_blocks_dataset
        files = dataset.get("files")
        first = files[0] if isinstance(files, list) and files else None
        is_block = isinstance(first, tuple) and "dataset_of_blocks" in repr(dataset.get("get_sub_epoch_dataset"))
        found = {"class": "SentencePieces", "model_file": first[1]} if first and is_block else {}
        return {"data": found} if is_wanted(found) else {}
    of_streams = {}
    for option, stream in _STREAMS.get(str(name), {}).items():
        vocabulary = dataset.get(option)
        if isinstance(vocabulary, Mapping) and is_wanted(vocabulary):
            of_streams[stream] = vocabulary
    return of_streams


def check_vocabularies(networks: Iterable[nn.Network], dataset: Any, what: str) -> None:
    """
    Compares the labels of the inputs of networks with those that a dataset makes, as far as both are known: in the
    graph by the jobs that give them, or the files that are there; in the task all.

    :param dataset: RETURNN's options, paths as ``tk.Path`` or names
    :param what: of the dataset, for messages, as "train_data"
    :raises ValueError: if they are of another vocabulary; the message names both
    """
    vocabularies, files, lists = vocabularies_of(dataset), files_of(dataset), _vocabularies(dataset, _has_labels)
    for network in networks if files or lists else ():
        for name, data in network.extern_data.items():
            if name in files and data.sparse_dim is not None:
                _check(data.sparse_dim, files[name], vocabularies[name], f"{what}: the labels of {name!r}")
            elif name in lists and data.sparse_dim is not None and is_known(data.sparse_dim):
                source = f"{what}: the labels of {name!r} are those of its {lists[name]['class']}"
                _compare(data.sparse_dim, list(lists[name]["labels"]), source)


def _check(dim: nn.Dim, file: Any, options: Mapping[str, Any], what: str) -> None:
    creator = getattr(file, "creator", None)
    of_dim = dim.delayed_labels if dim.delayed_labels is not None else dim.delayed_size
    path = file.get_path() if isinstance(file, tk.Path) else str(file)
    if creator is not None and of_dim is not None:
        other = getattr(of_dim.source, "creator", None)
        if other is not None and other != creator and type(other) is type(creator):
            raise ValueError(
                f"{what} are made by {origin_text(origin_of(file))}, but those of the network, dim {dim.name!r}, are "
                f"given by {of_dim!r}: take both from one vocabulary"
            )
    if not os.path.exists(path):
        return
    is_model = options["class"] == "SentencePieces"
    labels = labels_of_model(path) if is_model else labels_of_file(path)
    if is_model and options.get("add_eos") and not has_end_label(path):
        raise ValueError(
            f"{what} are made by {path}, which has no label for the end of a sentence: sentence_pieces(..., "
            "end_label=False) leaves it out"
        )
    if labels is None or not is_known(dim):
        return
    _compare(dim, labels, f"{what} are made by {path}")


def _compare(dim: nn.Dim, labels: list[str], what: str) -> None:
    of_dim = dim.delayed_labels if dim.delayed_labels is not None else dim.delayed_size
    source = f", given by {of_dim!r}" if of_dim is not None else ""
    if len(labels) != dim.size:
        raise ValueError(
            f"{what}, which has {len(labels)} labels, but the network has {dim.size}, dim {dim.name!r}{source}: take "
            "both from one vocabulary"
        )
    different = [n for n, pair in enumerate(zip(labels, dim.labels or labels)) if pair[0] != pair[1]]
    if different:
        n = different[0]
        raise ValueError(
            f"{what}, in which label {n} is {labels[n]!r}, but in the network it is {(dim.labels or labels)[n]!r}, dim "
            f"{dim.name!r}{source}: take both from one vocabulary"
        )


def labels_of_file(path: str) -> list[str] | None:
    """
    The labels of a file with a label a line; None for the other formats of RETURNN's vocabularies: pickles, Python.

    :raises ValueError: as :func:`recipe.data.vocabulary.read_vocabulary`
    """
    if path.endswith(".pkl"):
        return None
    with open_bytes(path) as file:
        if file.read(1) == b"{":
            return None
    return list(read_vocabulary(path).labels)


def is_known(dim: nn.Dim) -> bool:
    """Whether size and labels are there: what jobs give is only when these have run."""
    delayed = [one for one in (dim.delayed_size, dim.delayed_labels) if one is not None]
    return all(one.is_available() for one in delayed) and bool(delayed or dim.known_size is not None)
