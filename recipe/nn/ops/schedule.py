"""Numbers that depend on how far training is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..plain.errors import NetworkError
from ..plain.number import is_number, plain_number
from ..record.graph import Tensor
from .as_tensor import as_tensor
from .constants import constant
from .elementwise import cast, maximum, minimum, where


def piecewise_linear(x: Tensor, points: Mapping[Any, Any]) -> Tensor:
    """
    The numbers of a few points and straight lines between them; before the first point its number, after the last one
    its own. With ``nn.train_step()``, a number that changes while training goes on, such as the scale of a loss::

        scale = nn.piecewise_linear(nn.train_step(), {0: 0.0, 1000: 1.0})

    :param x: int32 or float, with any dims
    :param points: numbers by where they are reached
    :return: float32, with the dims of ``x``
    """
    x = as_tensor(x)
    ordered = _points("piecewise_linear", x, points)
    (_, first), *_ = ordered
    total: Tensor = cast(x, "float32") * 0.0 + first
    for (start, low), (end, high) in zip(ordered, ordered[1:]):
        way = cast(x - start, "float32") * (1.0 / (end - start))
        if high != low:
            total = total + minimum(maximum(way, 0.0), 1.0) * (high - low)
    return total


def piecewise_constant(x: Tensor, points: Mapping[Any, Any]) -> Tensor:
    """
    The number of the last point that ``x`` has reached; before the first point, its number.

    :param x: int32 or float, with any dims
    :param points: numbers by from where on they hold
    :return: float32, with the dims of ``x``
    """
    x = as_tensor(x)
    (_, first), *others = _points("piecewise_constant", x, points)
    total: Tensor = cast(x, "float32") * 0.0 + first
    for start, number in others:
        total = where(x >= start, constant(number), total)
    return total


def _points(name: str, x: Tensor, points: Mapping[Any, Any]) -> list[tuple[Any, float]]:
    """
    In order; of integers as integers, so that steps of training are compared as whole numbers.

    :raises NetworkError: if there is none, or one is no number
    """
    given = points.items() if isinstance(points, Mapping) else [(points, points)]
    ordered = [(plain_number(at), plain_number(number)) for at, number in given]
    if not ordered or not all(is_number(at) and is_number(number) for at, number in ordered):
        raise NetworkError(f"{name} wants numbers by where they are reached, {{0: 1.0, 1000: 0.1}}, not {points!r}")
    kind = int if x.dtype.startswith("int") else float
    for at, _ in ordered:
        if kind(at) != at:
            raise NetworkError(f"{name}: {x} is {x.dtype}, so points are whole numbers, not {at}")
    return sorted((kind(at), float(number)) for at, number in ordered)
