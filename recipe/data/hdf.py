"""HDF files of label and feature sequences, in the format of RETURNN's HDFDataset."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import h5py
    import numpy


class LabelStream(NamedTuple):
    """
    One label sequence per entry.

    :ivar sequences: the indices
    :ivar labels: what they stand for
    """

    sequences: Sequence[Sequence[int]]
    labels: Sequence[str]


def write_label_hdf(path: str, tags: Sequence[str], data: LabelStream, targets: Mapping[str, LabelStream]) -> None:
    """
    Writes a file that HDFDataset reads; the same content gives the same bytes.

    RETURNN's own SimpleHDFWriter appends sequence by sequence, which takes minutes for 100,000 short ones; this writes
    each stream at once.

    :param path: of the file
    :param tags: name of each sequence
    :param data: the stream ``data``
    :param targets: further streams by name, for example ``classes``
    :raises ValueError: if the streams have not one sequence per tag
    """
    import h5py

    with h5py.File(path, "w", track_order=False) as file:
        file["inputs"] = _flat(data)
        file["labels"] = _strings(data.labels)
        write_streams(file, tags, [len(row) for row in data.sequences], len(data.labels), targets)


def write_feature_hdf(
    path: str, tags: Sequence[str], features: Sequence[numpy.ndarray], targets: Mapping[str, LabelStream]
) -> None:
    """
    As :func:`write_label_hdf`, with vectors as the stream ``data``.

    :param features: one array [frames, features] per sequence; written as float32
    :raises ValueError: if the streams have not one sequence per tag
    """
    import h5py
    import numpy

    with h5py.File(path, "w", track_order=False) as file:
        file["inputs"] = numpy.concatenate(features).astype("float32")
        file.create_dataset("labels", (0,), dtype="S5")
        write_streams(file, tags, [len(row) for row in features], features[0].shape[1], targets)


def write_streams(
    file: h5py.File, tags: Sequence[str], data_lengths: Sequence[int], data_dim: int, targets: Mapping[str, LabelStream]
) -> None:
    """
    Writes everything but the content of ``data``: the targets, the lengths of all streams, the tags.

    :param data_lengths: frames of each sequence
    :param data_dim: features of a frame, or how many labels there are
    :raises ValueError: if the streams have not one sequence per tag
    """
    import numpy

    all_lengths = {"data": data_lengths}
    for name in sorted(targets):
        all_lengths[name] = [len(row) for row in targets[name].sequences]
    for name, of_stream in all_lengths.items():
        if len(of_stream) != len(tags):
            raise ValueError(f"stream {name!r} has {len(of_stream)} sequences, but there are {len(tags)} tags")
    lengths = numpy.array(list(all_lengths.values()), "int32").T
    if not targets:  # then RETURNN still wants the length of targets, as its own writer gives it
        lengths = numpy.concatenate([lengths, numpy.zeros_like(lengths)], axis=1)
    file.attrs["numTimesteps"] = int(lengths[:, 0].sum())
    file.attrs["inputPattSize"] = data_dim
    file.attrs["numDims"] = 1
    file.attrs["numLabels"] = data_dim
    file.attrs["numSeqs"] = len(tags)
    file["seqLengths"] = lengths
    file["seqTags"] = _strings(tags)
    for name, stream in targets.items():
        file[f"targets/data/{name}"] = _flat(stream)
        file[f"targets/labels/{name}"] = _strings(stream.labels)
        file.require_group("targets/size").attrs[name] = (len(stream.labels), 1)


def _flat(stream: LabelStream) -> numpy.ndarray:
    import numpy

    return numpy.concatenate([numpy.array(row, "int32") for row in stream.sequences])


def _strings(texts: Sequence[str]) -> object:
    import numpy

    return numpy.array([text.encode() for text in texts])


def read_sequences(path: str, stream: str = "data") -> Iterator[tuple[str, numpy.ndarray]]:
    """
    Name and values of each sequence of a stream, in the order of the file; one sequence at a time is in memory.

    :param path: of a file in this format, by :func:`write_label_hdf` or RETURNN
    :param stream: ``data``, or the name of a target
    :return: labels [positions] or vectors [frames, features]
    :raises ValueError: if the file has no such stream
    """
    import h5py

    with h5py.File(path, "r") as file:
        targets = sorted(file["targets/data"]) if "targets/data" in file else []
        if stream not in ("data", *targets):
            raise ValueError(f"{path} has no stream {stream!r}; it has: {', '.join(['data', *targets])}")
        values = file["inputs"] if stream == "data" else file[f"targets/data/{stream}"]
        column = ("data", *targets).index(stream)
        start = 0
        for tag, lengths in zip(file["seqTags"][:], file["seqLengths"][:]):
            end = start + int(lengths[column])
            yield tag.decode(), values[start:end]
            start = end
