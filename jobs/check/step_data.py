"""The few sequences that a step is made with: some of a real dataset, or made up."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from recipe import nn

from ..data_view.sample import Sample, Stream, read_sample
from .made_up_data import NUM_SEQUENCES, made_up_feeds

_READ = 10
"""Of so many sequences the shortest are taken; if there are too few, some several times."""


class UnfitData(Exception):
    """A dataset does not give what a network reads, or cannot be read, for the user."""


def real_dataset(options: Mapping[str, Any], inputs: Mapping[str, nn.ExternData]) -> dict[str, Any]:
    """
    The shortest of the first sequences of a dataset, as a dataset of RETURNN; by RETURNN's own classes.

    :param options: RETURNN's, with file names
    :param inputs: what a network reads of it; if that is nothing, there is some stream all the same
    :raises UnfitData: if it cannot be read, or lacks a stream that the network reads
    """
    try:
        sample = read_sample(options, examples=_READ, most=_READ, epoch=1)
    except Exception as error:  # of whichever class of RETURNN's
        raise UnfitData(f"it cannot be read: {type(error).__name__}: {error}") from error
    streams = {stream.key: stream for stream in sample.streams}
    missing = [name for name in inputs if name not in streams and name != "seq_tag"]
    if missing:
        raise UnfitData(f"it has no stream {', '.join(map(repr, missing))}; it has: {', '.join(sorted(streams))}")
    if not sample.tags:
        raise UnfitData("it has no sequence in its first epoch")
    taken = [streams[name] for name in inputs if name in streams] or sample.streams[:1]
    return _static(
        [{stream.key: stream.arrays[row] for stream in taken} for row in _shortest(sample, taken)],
        {stream.key: stream.size or 0 for stream in taken if stream.is_sparse},
    )


def made_up_dataset(network: nn.Network, inputs: Mapping[str, nn.ExternData]) -> dict[str, Any]:
    """
    Sequences of some dozen frames and a few labels, as a dataset of RETURNN.

    :param inputs: which of the streams that the network reads
    """
    import numpy

    feeds = {name: feed for name, feed in made_up_feeds(network, 0).items() if name in inputs}
    rows = [
        {name: _row(inputs[name], value, row) for name, (value, *lengths) in feeds.items()}
        for row in range(NUM_SEQUENCES)
    ]
    for name, (_, *lengths) in feeds.items():
        for row, sequence in enumerate(rows):
            sequence[name] = sequence[name][tuple(slice(0, int(one[row])) for one in lengths)]
    sizes = {name: data.sparse_dim.size for name, data in inputs.items() if data.sparse_dim is not None}
    return _static(rows if feeds else [{"data": numpy.zeros((1, 1), "float32")}] * NUM_SEQUENCES, sizes)


def tag_of(row: int) -> str:
    """The tag of a sequence of these datasets."""
    return f"seq-{row}"


def _row(data: nn.ExternData, value: Any, row: int) -> Any:
    """One sequence of an input, its dynamic axes first, as datasets have them."""
    import numpy

    if not any(dim.is_batch for dim in data.dims):
        return value
    axes = [dim for dim in data.dims if not dim.is_batch]
    order = sorted(range(len(axes)), key=lambda axis: not axes[axis].is_dynamic)
    return numpy.take(value, row, axis=[dim.is_batch for dim in data.dims].index(True)).transpose(order)


def _shortest(sample: Sample, streams: list[Stream]) -> list[int]:
    rows = range(len(sample.tags))
    sizes = [sum(stream.arrays[row].size for stream in streams) for row in rows]
    by_size = sorted(rows, key=lambda row: sizes[row])
    return [by_size[number % len(by_size)] for number in range(NUM_SEQUENCES)]


def _static(rows: list[dict[str, Any]], labels: Mapping[str, int]) -> dict[str, Any]:
    """
    RETURNN's dataset of given arrays.

    :param labels: how many there are, of sparse streams
    """
    dims = {name: (size, rows[0][name].ndim) for name, size in labels.items()}
    return {"class": "StaticDataset", "data": rows, "output_dim": dims}
