"""Positional encoding: sinusoids by the position of a frame."""

from __future__ import annotations

import math
from typing import Any

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor

_LONGEST_PERIOD = 1.0e4


class PositionalEncoding(Op):
    """Frames plus the encoding of their positions along an axis, or of the step of the loop."""

    name = "positional_encoding"

    def __init__(self, x: Tensor, axis: Dim | None):
        self.axis, self.counts_steps_itself = axis, axis is None
        super().__init__(x)
        if axis is None and self.body.loop is None:
            raise NetworkError(f"positional_encoding of {x} wants an axis with lengths, or a loop whose steps count")

    def infer(self) -> None:
        """Those of the input."""
        x = self.inputs[0]
        self.require_float(x)
        if x.dims[-1] is not x.feature_dim or x.feature_dim.size < 4:
            raise NetworkError(f"positional_encoding wants at least 4 features, as the last dim, but gets {x}")
        self.set_output(x.dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``x`` + :func:`sinusoids`."""
        dims = self.inputs[0].dims
        size = dims[-1].size
        loop = self.body.loop
        if self.axis is None:
            assert loop is not None
            return x + sinusoids(numpy.array(run.steps[loop]), size)
        signal = sinusoids(numpy.arange(run.size(self.axis)), size)
        return x + run.aligned(signal, (self.axis, dims[-1]), dims)

    def form(self) -> Form:
        """``positional_encoding``; in a loop without axis, where RETURNN counts the steps."""
        options: dict[str, Any] = {"from": self.inputs[0]}
        if self.axis is not None:
            options["axis"] = self.axis
        return Form("positional_encoding", {**options, "add_to_input": True})


def sinusoids(position: numpy.ndarray, size: int) -> numpy.ndarray:
    """
    ``sin(p / w_i)`` for half of the entries, ``cos(p / w_i)`` for the others, ``w_i`` from 1 to 10,000.

    :param position: int [...]
    :param size: of the encoding; an odd one ends with a 0
    :return: float32 [..., size]
    """
    half = size // 2
    frequencies = numpy.exp(-math.log(_LONGEST_PERIOD) / (half - 1) * numpy.arange(half))
    angles = position[..., None] * frequencies
    zeros = numpy.zeros((*position.shape, size - 2 * half))
    return numpy.concatenate([numpy.sin(angles), numpy.cos(angles), zeros], axis=-1).astype("float32")


def positional_encoding(x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
    """
    Frames with the encoding of their positions added (Vaswani et al. 2017, as Tensor2Tensor and RETURNN write it).

    :param x: [batch, axis, features], or in a loop [batch, features]: then the position is the number of the step
    :param axis: default: the only axis with lengths, if there is one
    """
    x = as_tensor(x)
    if axis is None and not any(dim.is_dynamic for dim in x.dims):
        return PositionalEncoding(x, None).output
    return PositionalEncoding(x, x.resolve_axis(axis)).output
