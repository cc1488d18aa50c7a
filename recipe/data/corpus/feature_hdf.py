"""HDF files of features that are written sequence by sequence, so that hours of speech need little memory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ..hdf import LabelStream, write_streams

if TYPE_CHECKING:
    import numpy

_CHUNK = 1 << 16
"""Numbers in a piece of the file."""


class FeatureSequence(NamedTuple):
    """
    :ivar tag: its name
    :ivar features: [frames, features]
    :ivar targets: label indices by the name of a stream
    """

    tag: str
    features: numpy.ndarray
    targets: Mapping[str, Sequence[int]]


def write_feature_sequences(
    path: str, sequences: Iterable[FeatureSequence], num_features: int, target_labels: Mapping[str, Sequence[str]]
) -> int:
    """
    Writes a file that HDFDataset reads; the same content gives the same bytes. Labels are kept in memory, features are
    not.

    :param path: of the file
    :param num_features: of a frame
    :param target_labels: by the name of a stream, what its indices stand for
    :return: how many frames
    :raises ValueError: if there is no sequence
    """
    import h5py

    tags: list[str] = []
    lengths: list[int] = []
    targets: dict[str, list[Sequence[int]]] = {name: [] for name in target_labels}
    with h5py.File(path, "w", track_order=False) as file:
        rows = max(1, _CHUNK // num_features)
        inputs = file.create_dataset(
            "inputs", (0, num_features), "float32", maxshape=(None, num_features), chunks=(rows, num_features)
        )
        waiting: list[Any] = []
        for sequence in sequences:
            tags.append(sequence.tag)
            lengths.append(len(sequence.features))
            waiting.append(sequence.features)
            for name in targets:
                targets[name].append(sequence.targets[name])
            if sum(map(len, waiting)) >= 16 * rows:
                _append(inputs, waiting)
        if not tags:
            raise ValueError(f"{path}: there is no sequence to write")
        _append(inputs, waiting)
        file.create_dataset("labels", (0,), dtype="S5")
        streams = {name: LabelStream(targets[name], target_labels[name]) for name in targets}
        write_streams(file, tags, lengths, num_features, streams)
    return sum(lengths)


def _append(inputs: Any, waiting: list[Any]) -> None:
    """Moves what waits to the end of the file."""
    import numpy

    if waiting:
        start = len(inputs)
        inputs.resize(start + sum(map(len, waiting)), axis=0)
        inputs[start:] = numpy.concatenate(waiting).astype("float32")
        waiting.clear()
