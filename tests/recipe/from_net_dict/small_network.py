"""A net dict with smaller layers, as RETURNN and the translation get it; and what two net dicts have alike."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from recipe.from_net_dict.net_dict import Input, NetDict
from recipe.nn.plain.dim import Dim, as_dim

_SIZES = frozenset(
    {"n_out", "dim", "dims", "shape", "total_key_dim", "key_dim", "value_dim", "out_dim", "embed_dim", "unit_size"}
)
"""The options that are sizes of layers."""
_LARGEST_COUNT = 16
"""Up to this, a number counts something: heads, layers, frames."""


def scaled_size(size: int) -> int:
    """
    A size in place of a larger one: a sixteenth, so that products and sums of sizes stay what they are.

    Those that 16 does not divide, as the sizes of vocabularies are, become some small number of their own.
    """
    if size <= _LARGEST_COUNT or (size % 16 and size < 128):
        return size
    return size // 16 if size % 16 == 0 else size // 97 + 7


def small_network(net: NetDict) -> NetDict:
    """The net dict with smaller layers; one whose dims have names stays as it is."""
    if net.dim_names:
        return net
    inputs = {name: _small_input(data) for name, data in net.inputs.items()}
    return net._replace(layers=_replaced(net.layers, scaled_size), inputs=inputs)


def _small_input(data: Input) -> Input:
    dims = tuple(as_dim(scaled_size(dim.size)) if dim.is_static and dim.is_anonymous else dim for dim in data.dims)
    labels = as_dim(scaled_size(data.labels.size)) if data.labels is not None else None
    return data._replace(dims=dims, labels=labels)


def _replaced(options: Any, change: Callable[[int], int], *, is_size: bool = False) -> Any:
    """Options with other sizes."""
    if isinstance(options, bool):
        return options
    if isinstance(options, dict):
        return type(options)({key: _replaced(value, change, is_size=key in _SIZES) for key, value in options.items()})
    if isinstance(options, (list, tuple)) and type(options) in (list, tuple):
        return type(options)(_replaced(value, change, is_size=is_size) for value in options)
    return change(options) if is_size and isinstance(options, int) else options


def structure(net: NetDict) -> str:
    """A digest that net dicts share that differ in numbers alone: sizes, rates of dropout, weights of losses."""
    order: dict[int, int] = {}
    inputs = [[name, _number(data.labels and data.labels.known_size, order)] for name, data in net.inputs.items()]
    text = json.dumps([inputs, _without_numbers(net.layers, order)], default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without_numbers(options: Any, order: dict[int, int]) -> Any:
    if isinstance(options, Mapping):
        return {str(key): _without_numbers(value, order) for key, value in options.items()}
    if isinstance(options, (list, tuple)) and type(options) in (list, tuple):
        return [_without_numbers(value, order) for value in options]
    if isinstance(options, Dim):
        return [options.name, _number(options.known_size, order)]
    return _number(options, order)


def _number(value: Any, order: dict[int, int]) -> Any:
    """Large numbers by when they come first, and of fractions whether there is one."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    if isinstance(value, float):
        return bool(value)
    return value if abs(value) <= _LARGEST_COUNT else f"size {order.setdefault(value, len(order))}"
