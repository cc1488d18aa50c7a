"""Where along an axis the greatest or the smallest entry is."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .elementwise import cast
from .loss import ArgMax


class ExtremePosition(Op):
    """
    The position of the greatest or the smallest entry along an axis, of equal ones the first; 0 where there is none.

    :param mode: "argmax" or "argmin"
    """

    def __init__(self, mode: str, x: Tensor, axis: Dim):
        self.mode, self.axis = mode, axis
        self.name = mode
        super().__init__(x)

    def infer(self) -> None:
        """The dims without the axis; labels of it, if it has a fixed size."""
        dims = [dim for dim in self.inputs[0].dims if dim is not self.axis]
        self.set_output(dims, dtype="int32", sparse_dim=self.axis if self.axis.is_static else None)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``numpy.argmax`` of the frames that are no padding."""
        dims = self.inputs[0].dims
        axis = dims.index(self.axis)
        if not x.shape[axis]:
            return numpy.zeros(run.shape(self.output.dims), "int32")
        worst = worst_number(x.dtype, largest=self.mode == "argmin")
        function = {"argmax": numpy.argmax, "argmin": numpy.argmin}[self.mode]
        position: numpy.ndarray = function(numpy.where(run.mask(self.axis, dims), x, worst), axis=axis)
        return position.astype("int32")  # padding comes after all frames, and of equal entries the first counts

    def form(self) -> Form:
        """``reduce`` with mode argmax or argmin."""
        return Form("reduce", {"from": self.inputs[0], "mode": self.mode, "axis": self.axis})


def worst_number(dtype: numpy.dtype, *, largest: bool) -> numpy.ndarray:
    """What no number of a dtype is above, or below."""
    if dtype.kind == "f":
        return numpy.asarray(numpy.inf if largest else -numpy.inf, dtype)
    limits = numpy.iinfo(dtype)
    return numpy.asarray(limits.max if largest else limits.min, dtype)


def argmax(x: Tensor, axis: DimLike | str | None = None) -> Tensor:
    """
    The position of the greatest entry along an axis, of equal ones the first; of conditions, the first that holds.

    :param axis: default: the feature dim
    :return: int32 without the axis: labels of it, if it has a fixed size; along an axis with lengths a position, which
        ``nn.gather(x, position, axis=...)`` takes, and 0 for a sequence without frames
    """
    x = as_tensor(x)
    dim = _axis("argmax", x, axis)
    if x.dtype != "bool" and x.sparse_dim is None and dim.is_static and dim is x.feature_dim:
        return ArgMax(x).output
    return ExtremePosition("argmax", _numbers(x), dim).output


def argmin(x: Tensor, axis: DimLike | str | None = None) -> Tensor:
    """
    The position of the smallest entry along an axis, of equal ones the first; see :func:`argmax`.

    :param axis: default: the feature dim
    """
    x = as_tensor(x)
    return ExtremePosition("argmin", _numbers(x), _axis("argmin", x, axis)).output


def _axis(name: str, x: Tensor, axis: DimLike | str | None) -> Dim:
    if axis is None and x.sparse_dim is not None:
        raise NetworkError(
            f"{name} goes along the features, but {x} are labels themselves; along another axis: nn.{name}(x, axis=...)"
        )
    return x.feature_dim if axis is None else x.resolve_axis(axis)


def _numbers(x: Tensor) -> Tensor:
    return cast(x, "int32") if x.dtype == "bool" else x
