"""Reads the first sequences of a dataset by RETURNN's own classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from ..python_values import with_python_values


class Stream(NamedTuple):
    """
    What a dataset gives under one key.

    :ivar lengths: of the sequences that were read; empty if they have no time axis
    :ivar labels: the names of the labels; None for features, and where the dataset has no names
    :ivar size: how many labels, or features of a frame
    :ivar arrays: of the examples
    """

    key: str
    is_sparse: bool
    lengths: list[int]
    labels: list[str] | None
    size: int | None
    arrays: list[numpy.ndarray]


class Sample(NamedTuple):
    """
    The first sequences of an epoch.

    :ivar tags: of the examples
    :ivar num_read: sequences whose lengths were counted
    :ivar is_all: whether the epoch has no more
    """

    tags: list[str]
    num_read: int
    is_all: bool
    streams: list[Stream]


def read_sample(options: Mapping[str, Any], *, examples: int, most: int, epoch: int) -> Sample:
    """
    Reads them. RETURNN is imported, neither TensorFlow nor PyTorch.

    :param options: RETURNN's options of a dataset, with file names
    :param examples: sequences that are kept
    :param most: sequences whose lengths are counted
    """
    from returnn.datasets.basic import init_dataset

    dataset = init_dataset(with_python_values(dict(options)))
    dataset.init_seq_order(epoch=epoch)
    keys = list(dict.fromkeys(dataset.get_data_keys()))
    lengths: dict[str, list[int]] = {key: [] for key in keys}
    arrays: dict[str, list[numpy.ndarray]] = {key: [] for key in keys}
    tags: list[str] = []
    index = 0
    while index < max(most, examples) and dataset.is_less_than_num_seqs(index):
        dataset.load_seqs(index, index + 1)
        if index < examples:
            tags.append(str(dataset.get_tag(index)))
        for key in keys:
            array = numpy.asarray(dataset.get_data(index, key))
            if array.ndim:
                lengths[key].append(len(array))
            if index < examples:
                arrays[key].append(array)
        index += 1
    is_all = not dataset.is_less_than_num_seqs(index)
    streams = [
        Stream(
            key,
            bool(dataset.is_data_sparse(key)),
            lengths[key],
            _labels(dataset, key),
            _size(dataset, key),
            arrays[key],
        )
        for key in keys
    ]
    return Sample(tags, index, is_all, streams)


def _labels(dataset: Any, key: str) -> list[str] | None:
    found = dataset.labels.get(key)
    return [one.decode() if isinstance(one, bytes) else str(one) for one in found] if found else None


def _size(dataset: Any, key: str) -> int | None:
    size = dataset.get_data_dim(key)
    return int(size) if size else None
