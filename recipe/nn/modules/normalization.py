"""Normalization of features."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.as_tensor import as_tensor
from ..ops.layer_norm import LayerNormOp
from ..plain.dim import DimLike
from ..record.graph import Tensor
from ..record.parameter import Parameter


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
