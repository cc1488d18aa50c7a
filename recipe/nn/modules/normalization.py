"""Normalization of features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..language.module import Module
from ..plain.dim import Dim, DimLike
from ..record.op import Op
from ..record.parameter import Parameter
from ..record.recording import as_tensor
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


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

    def numpy(self, run: Run, x: numpy.ndarray, scale: numpy.ndarray, bias: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        dims = self.inputs[0].dims
        axis = dims.index(self.axis)
        mean = x.mean(axis=axis, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axis, keepdims=True)
        scale, bias = (run.aligned(array, (self.axis,), dims) for array in (scale, bias))
        return scale * (x - mean) / numpy.sqrt(variance + self.epsilon) + bias

    def layer(self, lower: Lowering) -> Reference:
        """``norm``."""
        x, scale, bias = self.inputs
        options: dict[str, Any] = {"from": lower.reference(x), "axis": self.axis, "epsilon": self.epsilon}
        if x.feature_dim is not self.axis:
            options["param_shape"] = [self.axis]
        options["reuse_params"] = lower.parameter_map(scale=scale, bias=bias)
        return lower.add(self, "norm", options)


class LayerNorm(Module):
    """
    ``scale * (x - mean) / sqrt(variance + epsilon) + bias`` over the features (Ba et al. 2016).

    :param dim: the feature dim
    :param epsilon: added to the variance
    """

    def __init__(self, dim: DimLike, *, epsilon: float = 1e-6):
        super().__init__()
        self.scale = Parameter([dim], initial=1.0)
        self.bias = Parameter([dim], initial=0.0)
        self.epsilon = epsilon

    def forward(self, x: Tensor) -> Tensor:
        """
        :param x: [..., dim]
        :return: the same dims
        """
        x = as_tensor(x)
        axis = x.resolve_axis(self.scale.dims[0])
        return LayerNormOp(x, as_tensor(self.scale), as_tensor(self.bias), axis, self.epsilon).output

    if TYPE_CHECKING:
        __call__ = forward
