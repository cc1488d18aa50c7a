"""The size of a dim: a number, one that a job gives, or what is computed of the sizes of other dims."""

from __future__ import annotations

import math
from typing import Any, Generic, TypeVar

from .delayed import Delayed
from .errors import NetworkError

D = TypeVar("D", bound="HasSize[Any]")
"""What has sizes that this one is computed from: dims."""


class HasSize(Generic[D]):
    """Something with a size, which may be fixed, and may be computed from others."""

    name: str
    _size: int | Delayed | None
    _terms: dict[D | None, int] | None
    _quotient: tuple[D, int | D] | None
    _same_size_as: D | None
    _factors: tuple[D, ...] = ()  # jobs that were saved by earlier versions have none of its own

    @property
    def dimension(self) -> int | None:
        """The size, None for a length that differs from sequence to sequence."""
        return self.size if self.is_static else None

    @property
    def known_size(self) -> int | None:
        """The size, if it is fixed and does not wait for a job."""
        if isinstance(self._size, int):
            return self._size
        derived = [dim for dim in self._made_of() if dim is not None]
        return self.size if derived and all(dim.known_size is not None for dim in derived) else None

    @property
    def is_static(self) -> bool:
        """Whether the size is fixed, though maybe not known yet."""
        return self._size is not None or bool(self._made_of())

    @property
    def delayed_size(self) -> Delayed | None:
        """What will give the size, if a job does."""
        return self._size if isinstance(self._size, Delayed) else None

    @property
    def factors(self) -> tuple[D, ...]:
        """The dims that it is the product of; none if it is not one."""
        return self._factors

    @property
    def quotient(self) -> tuple[D | None, int | D]:
        """The dim that this one is a part of, and into how many parts it is cut; None if it is none."""
        return self._quotient or (None, 1)

    @property
    def same_size_as(self) -> D | None:
        """Another dim, whose size is that of this one, too, if a job gives it."""
        return self._same_size_as

    @property
    def size(self) -> int:
        """The fixed size.

        :raises NetworkError: if the dim has no fixed size, or one that a job gives that has not run
        """
        if isinstance(self._size, Delayed):
            return self._size.get()
        if self._size is not None:
            return self._size
        if self._same_size_as is not None:
            return self._same_size_as.size
        if self._quotient is not None:
            whole, divisor = self._quotient
            parts = divisor if isinstance(divisor, int) else divisor.size
            if whole.size % parts:
                raise NetworkError(f"dim {whole.name}={whole.size} is not divisible by {divisor}")
            return whole.size // parts
        if self._factors:
            return math.prod(factor.size for factor in self._factors)
        if self._terms is not None:
            return sum(count * (base.size if base is not None else 1) for base, count in self._terms.items())
        raise NetworkError(f"dim {self.name!r} has no fixed size: each sequence has its own length")

    def _made_of(self) -> list[D | None]:
        """What its size is computed from."""
        if self._same_size_as is not None:
            return [self._same_size_as]
        if self._quotient is not None:
            return [dim for dim in self._quotient if not isinstance(dim, int)]
        return list(self._terms or self._factors)

    @property
    def terms(self) -> dict[D | None, int]:
        """
        What it was computed from: the count by dim, a number under None.

        For ``2 * a + 1`` it is ``{a: 2, None: 1}``; empty for one that was not computed.
        """
        return dict(self._terms or {})
