"""Branches, as the record sees them."""

from __future__ import annotations

from ..plain.errors import SourceLine
from .graph import Body, Tensor


class Branching:
    """What the record asks of a branch (Cond, MaskedComputation): code that counts only where a condition is true."""

    condition: Tensor
    body: Body

    def counted(self, loss: Tensor) -> Tensor:
        """A loss, 0 where the branch does not count."""
        raise TypeError(type(self).__name__)

    def seen_from_outside(self, tensor: Tensor, source: SourceLine | None = None) -> Tensor:
        """What one of its values is for the code around it."""
        raise TypeError(type(self).__name__)
