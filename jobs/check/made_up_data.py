"""Made-up inputs for a network: ragged, and different in each step."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

NUM_SEQUENCES = 3
_FRAMES, _LABELS = (24, 41), (2, 6)


def made_up_feeds(network: nn.Network, step: int) -> dict[str, Any]:
    """
    Arrays for all inputs, as ``nn.run_numpy`` takes them.

    Vectors have some dozen frames, so that something is left behind an encoder that pools them; labels are few, so that
    they fit into what is left. Inputs over one dim have the same lengths.

    :param step: other ones in each
    """
    generator = numpy.random.default_rng(step)
    lengths: dict[nn.Dim, numpy.ndarray] = {}
    inputs = sorted(network.extern_data.values(), key=lambda data: (data.sparse_dim is not None, data.name))
    feeds: dict[str, Any] = {}
    for data in inputs:
        least, beyond = _FRAMES if data.sparse_dim is None else _LABELS
        dynamic = [dim for dim in data.dims if dim.is_dynamic]
        for dim in dynamic:
            if dim not in lengths:
                lengths[dim] = generator.integers(least, beyond, NUM_SEQUENCES).astype("int32")
        shape = [_size(dim, lengths) for dim in data.dims]
        if data.sparse_dim is not None:
            value = generator.integers(0, data.sparse_dim.size, shape)
        elif data.dtype == "bool":
            value = generator.integers(0, 2, shape)
        else:
            value = generator.standard_normal(shape)
        feeds[data.name] = (value.astype(data.dtype), *(lengths[dim] for dim in dynamic))
    return feeds


def _size(dim: nn.Dim, lengths: dict[nn.Dim, numpy.ndarray]) -> int:
    if dim.is_batch:
        return NUM_SEQUENCES
    return int(lengths[dim].max()) if dim in lengths else dim.size
