"""Rotary positions: features turned by angles that grow with the position."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError
from ..record.form import Form
from ..record.graph import Tensor
from ..record.unknown_start import wrong_type
from .as_tensor import TensorLike, as_tensor
from .elementwise import Elementwise


class RotaryEncoding(Elementwise):
    """Pairs of features turned by ``position * base^(-2 i / size)``, pair ``i`` being entry ``i`` of both halves."""

    name = "rotary_encoding"

    def __init__(self, x: Tensor, position: Tensor, axis: Dim, base: float):
        self.axis, self.base = axis, base
        super().__init__(x, position)

    def infer(self) -> None:
        """Those of the vectors."""
        x, position = self.inputs
        self.require_float(x)
        if not position.dtype.startswith("int"):
            raise wrong_type(position, "int32", f"positions are int32, but {position} is {position.dtype}")
        if self.axis in position.dims:
            raise NetworkError(f"{position} are positions of vectors, and have the dim {self.axis} of the vectors")
        self.set_output(self.result_dims())

    def compute(self, *arrays: Any) -> Any:
        """The definition."""
        x, position = arrays
        axis = self.output.dims.index(self.axis)
        half = self.axis.size // 2
        shape = [half if number == axis else 1 for number in range(x.ndim)]
        angle = position * (self.base ** (-numpy.arange(half) / half)).reshape(shape)
        first, second = numpy.split(x, 2, axis=axis)
        turned = (
            first * numpy.cos(angle) - second * numpy.sin(angle),
            second * numpy.cos(angle) + first * numpy.sin(angle),
        )
        return numpy.concatenate(turned, axis=axis)

    def form(self) -> Form:
        """A kind of our own."""
        return Form("rotary_encoding", {"from": list(self.inputs), "axis": self.axis, "base": self.base})


def rotary_encoding(
    x: Tensor, position: TensorLike, *, axis: DimLike | str | None = None, base: float = 1.0e4
) -> Tensor:
    """
    Vectors turned by their positions (Su et al. 2021), so that products of two depend on how far they are apart::

        y_i          = x_i cos(p w_i) - x_(i + n/2) sin(p w_i)        for the first half of the n features,
        y_(i + n/2)  = x_(i + n/2) cos(p w_i) + x_i sin(p w_i)        w_i = base^(-2 i / n)

    As in GPT-NeoX and LLaMA, a pair are entries ``i`` of both halves (in the paper they are neighbours).

    :param x: [..., features]
    :param position: int32, of dims of ``x`` beside the features: ``nn.range_over(time, like=x)``, or ``loop.iter_idx``
    :param axis: the features; default: the feature dim
    :param base: the longest period is ``2 pi`` times about this
    :raises NetworkError: if the number of features is odd
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    if not dim.is_static or (dim.known_size or 0) % 2:
        raise NetworkError(f"rotary_encoding turns pairs of features, but {dim} of {x} has not an even number of them")
    return RotaryEncoding(x, as_tensor(position), dim, base).output
