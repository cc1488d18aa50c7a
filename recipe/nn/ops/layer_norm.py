"""Normalization of features by their mean and variance (Ba et al. 2016)."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.form import Form, parameter_map
from ..record.graph import Op, Tensor


class LayerNormOp(Op):
    """``scale * (x - mean(x)) / sqrt(variance(x) + epsilon) + bias`` along the axis that scale and bias have."""

    name = "layer_norm"
    is_main = True

    def __init__(self, x: Tensor, scale: Tensor, bias: Tensor, axis: Dim, epsilon: float):
        self.axis, self.epsilon = axis, epsilon
        super().__init__(x, scale, bias)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, x: numpy.ndarray, scale: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        dims = self.inputs[0].dims
        axis = dims.index(self.axis)
        mean = x.mean(axis=axis, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axis, keepdims=True)
        scale, bias = (run.aligned(array, (self.axis,), dims) for array in (scale, bias))
        return scale * (x - mean) / numpy.sqrt(variance + self.epsilon) + bias

    def form(self) -> Form:
        """``norm``."""
        x, scale, bias = self.inputs
        options: dict[str, Any] = {"from": x, "axis": self.axis, "epsilon": self.epsilon}
        if x.feature_dim is not self.axis:
            options["param_shape"] = [self.axis]
        options["reuse_params"] = parameter_map(scale=scale, bias=bias)
        return Form("norm", options)
