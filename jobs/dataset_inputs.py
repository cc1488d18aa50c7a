"""Whether what a dataset gives is what a network reads: found when the graph is made, as far as its options say it."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from sisyphus import tk

from recipe import nn

from .hdf_inputs import check_hdf
from .vocabularies import check_vocabularies


def check_inputs(networks: Iterable[nn.Network], dataset: Any, what: str) -> None:
    """
    Compares streams, numbers of features and labels with those that networks read.

    :param dataset: RETURNN's options; Python code says nothing
    :param what: of the dataset, for messages, as "train_data"
    :raises ValueError: if something is not there or other; the message names both sides
    """
    networks = list(networks)
    _check_archives(dataset, what, are_there=False)
    for name, part in _datasets(dataset, what):
        check_vocabularies(networks, part, name)
        _check_streams(networks, part, name)


def check_files(networks: Iterable[nn.Network], dataset: Any, what: str) -> None:
    """
    Looks into the files of a dataset, in the task: whether archives are some, and HDF files have what networks read.

    :raises ValueError: for a file that is none, or has another number of features or other labels; the message names it
    """
    networks = list(networks)
    _check_archives(dataset, what, are_there=True)
    for name, part in _datasets(dataset, what):
        check_hdf(networks, part, name)


def _check_archives(dataset: Any, what: str, *, are_there: bool) -> None:
    if not isinstance(dataset, Mapping):
        return
    for path in _archives(dataset) if dataset.get("class") == "OggZipDataset" else ():
        if "." in os.path.basename(path) and not path.endswith((".zip", ".txt.gz")) and not os.path.isdir(path):
            raise ValueError(
                f"{what}: OggZipDataset reads archives with names that end with .zip, not {path} (OggZipJob)"
            )
        if are_there and path.endswith(".zip") and not zipfile.is_zipfile(path):
            raise ValueError(f"{what}: {path} is no ZIP archive, or is damaged: make it again (OggZipJob)")
    for value in dataset.values():
        _check_archives(value, what, are_there=are_there)


def _archives(dataset: Mapping[str, Any]) -> list[str]:
    paths = dataset.get("path", [])
    return [
        str(path.get_path() if isinstance(path, tk.Path) else path)
        for path in (paths if isinstance(paths, (list, tuple)) else [paths])
    ]


def _datasets(dataset: Any, what: str) -> Iterator[tuple[str, Any]]:
    """A dataset, or those that are combined in it, each of which gives all streams."""
    if not isinstance(dataset, Mapping) or dataset.get("class") != "CombinedDataset":
        yield what, dataset
        return
    data_map = dataset.get("data_map")
    if isinstance(data_map, Mapping) and all(key[1] == stream for key, stream in data_map.items()):
        for name, part in dict(dataset.get("datasets", {})).items():
            yield from _datasets(part, f"{what}['datasets'][{name!r}]")


def _check_streams(networks: Iterable[nn.Network], dataset: Any, what: str) -> None:
    streams = _streams(dataset)
    if streams is None:
        return
    for network in networks:
        for name, data in network.extern_data.items():
            if name not in streams:
                reason = _why_missing(dataset, name)
                raise ValueError(f"{what}: it gives {', '.join(map(repr, streams))}, but not {name!r}{reason}")
            given, dim = streams[name], data.dims[-1]
            if given is not None and data.sparse_dim is None and dim.known_size not in (None, given):
                raise ValueError(
                    f"{what}: a frame of {name!r} has {given} features, but the network reads {dim.known_size}, dim "
                    f"{dim.name!r}. Of log_mel_audio(...) there are num_mel * stack"
                )


def _why_missing(dataset: Mapping[str, Any], name: str) -> str:
    option = {"data": "audio", "classes": "targets"}.get(name)
    is_without = dataset.get("class") == "OggZipDataset" and option is not None and dataset.get(option) is None
    return f", which the network reads: {option} is None" if is_without else ", which the network reads"


def _streams(dataset: Any) -> dict[str, int | None] | None:
    """The streams of a dataset, and how many features those have whose number is known; None: it does not say."""
    if not isinstance(dataset, Mapping):
        return None
    name = dataset.get("class")
    if name == "MultiProcDataset" or (name == "PostprocessingDataset" and "map_outputs" not in dataset):
        return _streams(dataset.get("dataset"))
    if name == "MetaDataset":
        parts, data_map = dataset.get("datasets"), dataset.get("data_map")
        if not isinstance(parts, Mapping) or not isinstance(data_map, Mapping):
            return None
        inner = {key: _streams(one) or {} for key, one in parts.items()}
        return {stream: inner.get(key, {}).get(of) for stream, (key, of) in data_map.items()}
    if name != "OggZipDataset":
        return None
    found: dict[str, int | None] = {"orth": None, "raw": None}
    if dataset.get("audio") is not None:
        found["data"] = _num_features(dataset["audio"])
    if dataset.get("targets") is not None:
        found["classes"] = None
    return found


def _num_features(audio: Any) -> int | None:
    if not isinstance(audio, Mapping) or isinstance(audio.get("features", "mfcc"), str):
        return 1 if isinstance(audio, Mapping) and audio.get("features") == "raw" else None
    number = audio.get("num_feature_filters")
    return number if isinstance(number, int) else None
