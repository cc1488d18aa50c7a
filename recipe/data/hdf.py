"""HDF files of label sequences, in the format of RETURNN's HDFDataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


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
    import numpy

    streams = {"data": data, **{name: targets[name] for name in sorted(targets)}}
    for name, stream in streams.items():
        if len(stream.sequences) != len(tags):
            raise ValueError(f"stream {name!r} has {len(stream.sequences)} sequences, but there are {len(tags)} tags")
    lengths = numpy.array([[len(row) for row in stream.sequences] for stream in streams.values()], "int32").T
    flat = {name: numpy.concatenate([numpy.array(row, "int32") for row in s.sequences]) for name, s in streams.items()}
    with h5py.File(path, "w", track_order=False) as file:
        file.attrs["numTimesteps"] = len(flat["data"])
        file.attrs["inputPattSize"] = len(data.labels)
        file.attrs["numDims"] = 1
        file.attrs["numLabels"] = len(data.labels)
        file.attrs["numSeqs"] = len(tags)
        file["inputs"] = flat["data"]
        file["labels"] = _strings(data.labels)
        file["seqLengths"] = lengths
        file["seqTags"] = _strings(tags)
        sizes = file.create_group("targets/size")
        for name, stream in targets.items():
            file[f"targets/data/{name}"] = flat[name]
            file[f"targets/labels/{name}"] = _strings(stream.labels)
            sizes.attrs[name] = (len(stream.labels), 1)


def _strings(texts: Sequence[str]) -> object:
    import numpy

    return numpy.array([text.encode() for text in texts])
