"""Sums, means and extremes over axes; padding never counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError
from ..record.op import Op
from ..record.recording import as_tensor
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering

_NEUTRAL = {"sum": 0, "mean": 0, "max": -numpy.inf, "min": numpy.inf}
_FUNCTIONS: dict[str, Callable[..., Any]] = {"sum": numpy.sum, "mean": numpy.sum, "max": numpy.max, "min": numpy.min}


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
        if self.mode == "mean":
            self.require_float(x)
        self.set_output([dim for dim in x.dims if dim not in self.axes])

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """The function of that name over the frames that are no padding."""
        dims = self.inputs[0].dims
        mask = numpy.ones(x.shape, bool)
        for axis in self.axes:
            if axis.is_dynamic:
                mask = mask & run.mask(axis, dims)
        axes = tuple(dims.index(axis) for axis in self.axes)
        neutral = _NEUTRAL[self.mode] if x.dtype.kind == "f" else _integer_neutral(self.mode, x.dtype)
        result = _FUNCTIONS[self.mode](numpy.where(mask, x, neutral), axis=axes, initial=neutral)
        return result / mask.sum(axis=axes) if self.mode == "mean" else result.astype(x.dtype)

    def layer(self, lower: Lowering) -> Reference:
        """``reduce``."""
        options = {"from": lower.reference(self.inputs[0]), "mode": self.mode, "axis": list(self.axes)}
        loop = self.body.loop
        if not lower.is_canonical and loop is not None and any(axis is loop.history_dim for axis in self.axes):
            # outside of the loop RETURNN does not know where the frames of each step's history end; in it, all count
            options["use_time_mask"] = False
            options["collocate_with"] = [lower.stays_in_loop(lower.unit, is_needed=True)]
        return lower.add(self, "reduce", options)


def _integer_neutral(mode: str, dtype: numpy.dtype) -> int:
    limits = numpy.iinfo(dtype)
    return {"sum": 0, "mean": 0, "max": limits.min, "min": limits.max}[mode]


def reduce(mode: str, x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """
    One value for all entries along an axis or several.

    :param mode: "sum", "mean", "max" or "min"
    :param axis: default: the feature dim
    """
    x = as_tensor(x)
    if axis is None:
        axes = [x.feature_dim]
    elif isinstance(axis, (int, str, Dim)):
        axes = [x.resolve_axis(axis)]
    else:
        axes = [x.resolve_axis(one) for one in axis]
    return Reduce(mode, x, tuple(sorted(axes, key=x.dims.index))).output


def reduce_sum(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The sum along an axis (default: the feature dim)."""
    return reduce("sum", x, axis)


def reduce_mean(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The mean along an axis (default: the feature dim)."""
    return reduce("mean", x, axis)


def reduce_max(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The maximum along an axis (default: the feature dim)."""
    return reduce("max", x, axis)


def reduce_min(x: Tensor, axis: DimLike | str | Iterable[DimLike] | None = None) -> Tensor:
    """The minimum along an axis (default: the feature dim)."""
    return reduce("min", x, axis)
