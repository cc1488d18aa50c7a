"""What goes over a sequence in both directions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..language.module import Module
from ..ops.array import concat
from ..plain.dim import DimLike
from ..record.graph import Tensor


class Bidirectional(Module):
    """
    Two layers over one sequence, one forward and one backward in time, joined (Schuster and Paliwal 1997); their
    parameters are those of ``fw`` and of ``bw``.

    :param forward_layer: gives all steps, and a state
    :param backward_layer: the same backward in time
    """

    def __init__(self, forward_layer: Any, backward_layer: Any):
        super().__init__()
        self.fw, self.bw = forward_layer, backward_layer
        self.out_dim = self.fw.out_dim + self.bw.out_dim

    def forward(self, x: Tensor, *, axis: DimLike | str | None = None) -> Tensor:
        """
        :param x: [batch, axis, in_dim]
        :param axis: default: the only axis with lengths
        :return: [batch, axis, 2 * out_dim]
        """
        forward, _ = self.fw(x, axis=axis)
        backward, _ = self.bw(x, axis=axis)
        return concat(forward, backward)

    if TYPE_CHECKING:
        __call__ = forward
