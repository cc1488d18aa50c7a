"""Several frames in place of each one: RETURNN's ``transposed_conv`` whose filter is as long as its stride."""

from __future__ import annotations

from recipe import nn


class FramesInPlaceOfOne(nn.Module):
    """
    ``y_(ns + j) = W[j] x_s + b`` for ``j`` from 0 to ``n - 1``, of [batch, time, in_dim]: each frame becomes ``n``.

    The parameters are ``W`` [n, 1, out_dim, in_dim], as RETURNN has them, and ``b`` [out_dim]; ``nn.TransposedConv1d``
    has the dims of ``W`` in another order.

    :param in_dim: features of the input
    :param out_dim: of the result
    :param number: n
    """

    def __init__(self, in_dim: nn.Dim | int, out_dim: nn.Dim | int, number: int):
        super().__init__()
        self.position, self.one = nn.Dim(number, "position"), nn.Dim(1, "one")
        self.in_dim = nn.Dim(in_dim if isinstance(in_dim, int) else in_dim.size, "in")  # which may be out_dim, too
        self.W = nn.Parameter([self.position, self.one, out_dim, self.in_dim])
        self.b = nn.Parameter([out_dim], initial=0.0)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """
        :param x: [batch, time, in_dim]
        :return: [batch, longer time, out_dim]
        """
        x = nn.replace_dim(x, axis=x.feature_dim, out_dim=self.in_dim)
        frames = nn.dot(x, self.W, reduce=self.in_dim)
        return nn.fold(nn.squeeze(frames, self.one), self.position, axis=x.spatial_dim) + self.b
