"""Which frames an attention sees by their positions: those before, those around, those of the same chunk."""

from __future__ import annotations

from typing import NamedTuple

from ..ops.elementwise import combine, compare
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.graph import Tensor


class Bounds(NamedTuple):
    """
    How far an attention sees.

    :ivar left: how many positions before that of the query; None for all
    :ivar right: the same after it
    :ivar chunk: how many frames one position is
    """

    left: int | None
    right: int | None
    chunk: int

    @classmethod
    def of(cls, causal: bool, left: int | None, right: int | None, chunk: int | None) -> Bounds:
        """
        As the user says them.

        :raises NetworkError: if one is no number of frames, or they contradict each other
        """
        for name, bound in (("left", left), ("right", right)):
            if bound is not None and bound != 0 and not is_size(bound):
                raise NetworkError(f"{name}={bound!r} is no number of frames that attention sees: 0, 1, 2, ...")
        if chunk is not None and not is_size(chunk):
            raise NetworkError(f"chunk={chunk!r} is no number of frames: 1, 2, ...")
        if causal and (right or chunk is not None):
            said = f"right={right}" if right else f"chunk={chunk}"
            raise NetworkError(
                f"causal=True sees no frame after the query's, but {said} does. Leave out one of the two"
            )
        return cls(left, 0 if causal or (chunk is not None and right is None) else right, chunk or 1)

    @property
    def are_none(self) -> bool:
        """Whether all is seen."""
        return self.left is None and self.right is None

    @property
    def are_narrow(self) -> bool:
        """Whether a query sees so many frames at most, however long the sequence is."""
        return self.left is not None and self.right is not None

    def seen(self, query: Tensor, key: Tensor) -> Tensor | None:
        """
        Where a key is seen: bool, of the dims of both; None if all are.

        :param query: positions of the queries, int32
        :param key: positions of the keys, int32
        """
        if self.chunk != 1:
            query, key = query // self.chunk, key // self.chunk
        upper = (
            None if self.right is None else _compared("less_equal", key, query + self.right if self.right else query)
        )
        lower = (
            None if self.left is None else _compared("greater_equal", key, query - self.left if self.left else query)
        )
        return both(upper, lower)


def both(one: Tensor | None, other: Tensor | None) -> Tensor | None:
    """Where both hold; None holds everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return combine("logical_and", one, other, allow_broadcast_all_sources=True)


def _compared(kind: str, key: Tensor, query: Tensor) -> Tensor:
    return compare(kind, key, query, allow_broadcast_all_sources=True)
