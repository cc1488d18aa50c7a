"""A linear map that keeps its matrix transposed: RETURNN's ``use_transposed_weights``."""

from __future__ import annotations

from recipe import nn


class TransposedLinear(nn.Module):
    """
    ``y = W x + b`` with ``W`` [out_dim, in_dim] and ``b`` [out_dim], as :class:`nn.Embedding` has its matrix.

    :param in_dim: features of the input
    :param out_dim: of the result
    :param with_bias: whether there is a bias
    """

    def __init__(self, in_dim: nn.Dim | int, out_dim: nn.Dim | int, *, with_bias: bool = True):
        super().__init__()
        self.in_dim = nn.Dim(in_dim if isinstance(in_dim, int) else in_dim.size, "in")  # which may be out_dim, too
        self.W = nn.Parameter([out_dim, self.in_dim])
        self.b = nn.Parameter([out_dim], initial=0.0) if with_bias else None

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [..., in_dim]
        :return: [..., out_dim]
        """
        x = nn.replace_dim(x, axis=x.feature_dim, out_dim=self.in_dim)
        y = nn.dot(x, self.W, reduce=self.in_dim)
        return y if self.b is None else y + self.b
