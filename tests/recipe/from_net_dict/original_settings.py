"""What RETURNN gets for a net dict that was read from a config: its layers and inputs, with RETURNN's own dims."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import Any

from recipe.from_net_dict.net_dict import Input, NetDict
from recipe.from_net_dict.python_values import Function, Record, Unreadable
from recipe.nn.plain.dim import Dim
from recipe.nn.plain.dim import single_step_dim as own_single_step_dim

from .config_functions import called_by_layers, compiled, know_early_names


class NotComparable(Exception):
    """Why the original network cannot be given to RETURNN here."""


def original_settings(net: NetDict, settings: Mapping[str, Any]) -> dict[str, Any]:
    """
    The settings that RETURNN builds the original network from.

    :param settings: of the config, of which it gets the behavior version, and what its layers ask for
    :raises NotComparable: if a part of it could not be read
    """
    know_early_names()
    dims: dict[Dim, Any] = {}
    return {
        **called_by_layers(net.layers, settings),
        "behavior_version": settings.get("behavior_version"),
        "extern_data": {name: _declaration(data, dims, net) for name, data in net.inputs.items()},
        "network": {name: _as_returnn(options, dims) for name, options in net.layers.items()},
    }


def _declaration(data: Input, dims: dict[Dim, Any], net: NetDict) -> dict[str, Any]:
    if any(dim in net.dim_names or dim.name in net.dim_names.values() for dim in data.dims):
        named = [_as_returnn(dim, dims) for dim in data.dims]
        labels = {"sparse_dim": _as_returnn(data.labels, dims)} if data.labels is not None else {}
        return {"dim_tags": named, "dtype": data.dtype or ("int32" if labels else "float32"), **labels}
    shape = tuple(dim.known_size for dim in data.dims if not dim.is_batch)
    if data.labels is not None:
        return {"shape": shape, "dim": data.labels.size, "sparse": True, "dtype": data.dtype or "int32"}
    size = next((dim.known_size for dim in reversed(data.dims) if dim.is_static), None)
    return {"shape": shape, "dim": size, "dtype": data.dtype or "float32"}


def _as_returnn(options: Any, dims: dict[Dim, Any]) -> Any:
    """A copy of options, which RETURNN may change."""
    if isinstance(options, Record):
        values = [_as_returnn(value, dims) for value in options.values()]
        return collections.namedtuple("LSTMStateTuple", options)(*values)  # noqa: PYI024 - RETURNN compares its name
    if isinstance(options, Mapping):
        return {_as_returnn(key, dims): _as_returnn(value, dims) for key, value in options.items()}
    if type(options) in (list, tuple, set):
        return type(options)(_as_returnn(value, dims) for value in options)
    if isinstance(options, Dim):
        return _returnn_dim(options, dims)
    if isinstance(options, Unreadable):
        raise NotComparable(f"line {options.line}: {options.why}")
    if isinstance(options, Function):
        return compiled(options)
    return options


def _returnn_dim(dim: Dim, dims: dict[Dim, Any]) -> Any:
    from returnn.tensor import Dim as ReturnnDim
    from returnn.tensor import batch_dim, single_step_dim

    if dim.is_batch:
        return batch_dim
    if dim is own_single_step_dim:
        return single_step_dim
    if dim not in dims:
        whole, divisor = dim.quotient
        if whole is not None:
            dims[dim] = _returnn_dim(whole, dims).div_left(divisor)
        elif dim.terms:
            parts = [count if base is None else _returnn_dim(base, dims) * count for base, count in dim.terms.items()]
            dims[dim] = sum(parts[1:], parts[0])
        else:
            dims[dim] = ReturnnDim(dim.known_size, name=dim.name)
    return dims[dim]
