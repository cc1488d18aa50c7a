"""What stands in a network for a layer of a net dict that is not translated."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from recipe import nn


def not_translated(layer: str, inputs: Sequence[nn.Tensor], dims: Sequence[nn.Dim | int]) -> nn.Tensor:
    """
    Zeros in place of what a layer computes, so that the network around it can be built and looked at: its inputs stay a
    part of the network. It warns each time, as what comes out is not what the layer gives.

    :param layer: its name in the net dict
    :param inputs: what it has as its inputs
    :param dims: of its output
    """
    message = f"layer {layer!r} is not translated: zeros are in its place. Write what it does"
    warnings.warn(message, nn.NetworkWarning, stacklevel=2)
    result = nn.zeros(dims)
    for x in inputs:
        value = nn.cast(x, "float32") if x.sparse_dim is not None or x.dtype != "float32" else x
        over = [dim for dim in value.dims if dim not in result.dims]
        result = result + 0.0 * (nn.reduce_mean(value, over) if over else value)
    return result
