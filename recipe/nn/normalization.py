"""Normalization of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy

from .dim import Dim, DimLike
from .module import Module
from .op import Op
from .parameter import Parameter
from .recording import as_tensor
from .tensor import Tensor

if TYPE_CHECKING:
    from .interpreter import Run
    from .layers import Reference
    from .lowering import Lowering


class Normalize(Op):
    """``(x - mean(x)) / sqrt(variance(x) + epsilon)`` along one axis."""

    name = "normalize"

    def __init__(self, x: Tensor, axis: Dim, epsilon: float):
        self.axis, self.epsilon = axis, epsilon
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """The definition."""
        axis = self.inputs[0].dims.index(self.axis)
        mean = x.mean(axis=axis, keepdims=True)
        variance = ((x - mean) ** 2).mean(axis=axis, keepdims=True)
        return (x - mean) / numpy.sqrt(variance + self.epsilon)

    def layer(self, lower: Lowering) -> Reference:
        """``norm`` without its own scale and bias."""
        options = {"from": lower.reference(self.inputs[0]), "axis": self.axis}
        return lower.add(self, "norm", {**options, "scale": False, "bias": False, "epsilon": self.epsilon})


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
        normalized = Normalize(x, x.resolve_axis(self.scale.dims[0]), self.epsilon).output
        return normalized * as_tensor(self.scale) + as_tensor(self.bias)
