"""Sums, means and extremes over axes; padding never counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor

_NEUTRAL = {"sum": 0, "mean": 0, "max": -numpy.inf, "min": numpy.inf, "logsumexp": -numpy.inf}


def _logsumexp(x: numpy.ndarray, axis: tuple[int, ...], initial: float) -> numpy.ndarray:
    """``log(sum(exp(x)))``; of nothing, ``initial``."""
    greatest = numpy.max(x, axis=axis, keepdims=True, initial=initial)
    shift = numpy.where(numpy.isfinite(greatest), greatest, 0)
    with numpy.errstate(divide="ignore"):
        total = numpy.log(numpy.sum(numpy.exp(x - shift), axis=axis, keepdims=True)) + shift
    return numpy.squeeze(total, axis)


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum": numpy.sum,
    "mean": numpy.sum,
    "max": numpy.max,
    "min": numpy.min,
    "logsumexp": _logsumexp,
}


class Reduce(Op):
    """One value for all entries along some axes."""

    def __init__(self, mode: str, x: Tensor, axes: tuple[Dim, ...]):
        self.mode, self.axes = mode, axes
        self.name = f"reduce_{mode}"
        super().__init__(x)

    def infer(self) -> None:
        """The dims that are left."""
        x = self.inputs[0]
        if x.dtype == "bool":
            raise NetworkError(
                f"{self.name} is for numbers, but {x} is bool: nn.cast(x, 'int32') makes 0 and 1 of it, of which the "
                "maximum tells any and the minimum all"
            )
        if self.mode in ("mean", "logsumexp"):
            self.require_float(x)
        self.set_output([dim for dim in x.dims if dim not in self.axes])

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The function of that name over the frames that are no padding."""
        dims = self.inputs[0].dims
        mask = numpy.ones(x.shape, bool)
        for axis in self.axes:
            if axis.is_dynamic:
                mask = mask & run.mask(axis, dims)
        axes = tuple(dims.index(axis) for axis in self.axes)
        neutral = _NEUTRAL[self.mode] if x.dtype.kind == "f" else _integer_neutral(self.mode, x.dtype)
        result = _FUNCTIONS[self.mode](numpy.where(mask, x, neutral), axis=axes, initial=neutral)
        return result / numpy.maximum(mask.sum(axis=axes), 1) if self.mode == "mean" else result.astype(x.dtype)

    def form(self) -> Form:
        """``reduce``."""
        return Form("reduce", {"from": self.inputs[0], "mode": self.mode, "axis": list(self.axes)})


def _integer_neutral(mode: str, dtype: numpy.dtype) -> int:
    limits = numpy.iinfo(dtype)
    return {"sum": 0, "mean": 0, "max": limits.min, "min": limits.max}[mode]


def reduce(mode: str, x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """
    One value for all entries along an axis or several.

    :param mode: "sum", "mean", "max", "min" or "logsumexp"
    :param axis: default: the feature dim
    """
    x = as_tensor(x)
    if axis is None:
        axes = [x.feature_dim]
    elif isinstance(axis, (int, str, Dim)):
        axes = [x.resolve_axis(axis)]
    elif isinstance(axis, Tensor):
        two = f". The greater of two is nn.{mode}imum(a, b)" if mode in ("max", "min") else ""
        raise NetworkError(f"reduce_{mode} goes along an axis of {x}, which is a Dim, not {axis}{two}")
    else:
        axes = [x.resolve_axis(one) for one in axis]
    return Reduce(mode, x, tuple(sorted(axes, key=x.dims.index))).output


def reduce_sum(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The sum along an axis or several (default: the feature dim): [..., axis, ...] becomes [..., ...]."""
    return reduce("sum", x, axis)


def reduce_mean(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """
    The mean along an axis or several (default: the feature dim): [..., axis, ...] becomes [..., ...]; of no entry, 0.
    """
    return reduce("mean", x, axis)


def reduce_max(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The maximum along an axis or several (default: the feature dim): [..., axis, ...] becomes [..., ...]."""
    return reduce("max", x, axis)


def reduce_min(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The minimum along an axis or several (default: the feature dim): [..., axis, ...] becomes [..., ...]."""
    return reduce("min", x, axis)


def reduce_logsumexp(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """``log(sum(exp(x)))`` along an axis or several (default: the feature dim), without overflow; of nothing, -inf."""
    return reduce("logsumexp", x, axis)
