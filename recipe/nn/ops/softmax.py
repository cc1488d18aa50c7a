"""Softmax over features or over the frames of each sequence."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.errors import warn
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .activation import softmax_of
from .as_tensor import as_tensor


class Softmax(Op):
    """``exp(x) / sum(exp(x))`` along an axis, or its logarithm; of a factor times the input."""

    def __init__(self, x: Tensor, axis: Dim, log: bool, energy_factor: float = 1.0):
        self.axis, self.log, self.energy_factor = axis, log, energy_factor
        self.name = "log_softmax" if log else "softmax"
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].known_dims)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The definition; padded frames get probability 0."""
        dims = self.inputs[0].dims
        axis = dims.index(self.axis)
        x = x * numpy.asarray(self.energy_factor, x.dtype)
        if self.axis.is_dynamic:
            x = numpy.where(run.mask(self.axis, dims), x, -1e30)
        return softmax_of(x, axis, log=self.log)

    def form(self) -> Form:
        """``softmax_over_spatial`` for frames; ``activation`` for features."""
        x = self.inputs[0]
        if self.axis.is_static and x.dims[-1] is self.axis and self.energy_factor == 1.0:
            return Form("activation", {"from": x, "activation": self.name})
        options: dict[str, Any] = {"from": x, "axis": self.axis}
        if self.energy_factor != 1.0:
            options["energy_factor"] = self.energy_factor
        if self.log:
            options["log_space"] = True
        return Form("softmax_over_spatial", options)


def warn_of_probabilities(name: str, logits: Tensor, instead: str) -> None:
    """Tells of probabilities where logits are wanted, of which the softmax would be taken once more."""
    if isinstance(logits.op, Softmax) and not logits.op.log:
        warn(f"{name} wants logits and takes their softmax, but {logits} are probabilities: {instead}")


def softmax(x: Tensor, axis: DimLike | str | None = None) -> Tensor:
    """Probabilities along an axis (default: the feature dim); the dims are those of ``x``."""
    x = as_tensor(x)
    return Softmax(x, x.resolve_axis(axis) if axis is not None else x.feature_dim, log=False).output


def log_softmax(x: Tensor, axis: DimLike | str | None = None) -> Tensor:
    """Log probabilities along an axis (default: the feature dim); the dims are those of ``x``."""
    x = as_tensor(x)
    return Softmax(x, x.resolve_axis(axis) if axis is not None else x.feature_dim, log=True).output


def softmax_over_spatial(x: Tensor, axis: DimLike | str | None = None, *, energy_factor: float = 1.0) -> Tensor:
    """
    Probabilities over the frames of each sequence.

    :param axis: default: the only one with lengths
    :param energy_factor: what ``x`` is multiplied with before, such as ``key_dim ** -0.5`` in attention
    """
    x = as_tensor(x)
    return Softmax(x, x.resolve_axis(axis), log=False, energy_factor=energy_factor).output
