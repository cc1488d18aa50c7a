"""Whether HDF files have what a network reads: found in the task, before RETURNN starts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sisyphus import tk

from recipe import nn

from .vocabularies import is_known


class Stream(NamedTuple):
    """
    A stream of an HDF file.

    :ivar num_features: of a frame; None for labels
    :ivar labels: their names; empty where the file has none
    """

    num_features: int | None
    labels: list[str]


def check_hdf(networks: Iterable[nn.Network], dataset: Any, what: str) -> None:
    """
    Compares the first file of an HDFDataset, which the others are like, with the inputs of networks.

    :param dataset: RETURNN's options; other datasets say nothing
    :param what: of the dataset, for messages
    :raises ValueError: if a stream is not there, or has another number of features or other labels
    """
    if not isinstance(dataset, Mapping) or dataset.get("class") != "HDFDataset":
        return
    files = dataset.get("files")
    if not isinstance(files, (list, tuple)) or not files:
        return
    path = str(files[0].get_path() if isinstance(files[0], tk.Path) else files[0])
    streams = read_streams(path)
    for network in networks if streams else ():
        for name, data in network.extern_data.items():
            if name not in streams:
                raise ValueError(
                    f"{what}: {path} has {', '.join(map(repr, streams))}, but not {name!r}, which the network reads"
                )
            _compare(data, streams[name], f"{what}: {name!r} of {path}")


def read_streams(path: str) -> dict[str, Stream]:
    """The streams of a file; none where it is no HDF file of RETURNN with targets, about which RETURNN says more."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "inputs" not in file or "targets/data" not in file:
                return {}
            found = {"data": _stream(file["inputs"], file.get("labels"))}
            for name, values in file["targets/data"].items():
                found[name] = _stream(values, file.get(f"targets/labels/{name}"))
            return found
    except OSError:
        return {}


def _stream(values: Any, labels: Any) -> Stream:
    if values.ndim != 1:
        return Stream(int(values.shape[-1]), [])
    names = [] if labels is None else [one.decode() if isinstance(one, bytes) else str(one) for one in labels[:]]
    return Stream(None, names if len(names) > 1 else [])  # RETURNN's own writer gives one where it knows none


def _compare(data: nn.ExternData, stream: Stream, what: str) -> None:
    labels = data.sparse_dim
    if labels is None:
        dim = data.dims[-1]
        if stream.num_features is not None and dim.known_size not in (None, stream.num_features):
            raise ValueError(
                f"{what} has {stream.num_features} features a frame, but the network reads {dim.known_size}, dim "
                f"{dim.name!r}"
            )
        return
    if not is_known(labels) or not stream.labels:
        return
    if len(stream.labels) > labels.size:
        raise ValueError(
            f"{what} has {len(stream.labels)} labels, but the network has {labels.size}, dim {labels.name!r}"
        )
    for number, (one, other) in enumerate(zip(stream.labels, labels.labels or ())):
        if one != other:
            raise ValueError(
                f"{what} has {one!r} as label {number}, but in the network it is {other!r}, dim {labels.name!r}: take "
                "both from one vocabulary"
            )
