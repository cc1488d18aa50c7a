"""Named dimensions: the axes that tensors are made of."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Sequence
from typing import Union

from .errors import NetworkError

DimLike = Union[int, "Dim"]

_ANONYMOUS: dict[int, Dim] = {}
_SUMS: dict[tuple, Dim] = {}


class Dim:
    """
    One axis, told apart by identity, as RETURNN does: two dims of equal size are still two dims.

    ``Dim(512, name="lstm")`` has a fixed size, ``Dim(None, name="time")`` one length per sequence. A plain int may
    stand wherever a static dim is wanted and means one common anonymous dim of that size. Static dims can be added,
    subtracted, multiplied and divided by ints; the same expression gives the same dim.

    :param dimension: the size, or None for a length that differs from sequence to sequence
    :param name: how messages and the written config call it
    :param labels: what the indices stand for, when sparse values have this dim (used to print search results)
    """

    def __init__(self, dimension: int | None, name: str | None = None, *, labels: Sequence[str] | None = None):
        if dimension is not None and (not isinstance(dimension, int) or isinstance(dimension, bool) or dimension < 1):
            raise NetworkError(
                f"a Dim has a size of at least 1, or None for one length per sequence, not {dimension!r}"
            )
        if labels is not None and dimension != len(labels):
            raise NetworkError(f"Dim {name!r} has size {dimension}, but {len(labels)} labels were given")
        self.dimension = dimension
        self.name = name or (str(dimension) if dimension is not None else "time")
        self.labels = tuple(labels) if labels is not None else None
        self._terms: dict[Dim | None, int] | None = None
        self._quotient: tuple[Dim, int] | None = None
        self._anonymous = False
        self._batch = False

    @property
    def is_static(self) -> bool:
        """Whether the size is fixed."""
        return self.dimension is not None

    @property
    def is_batch(self) -> bool:
        """Whether this is :data:`batch_dim`."""
        return self._batch

    @property
    def is_dynamic(self) -> bool:
        """Whether each sequence has its own length along this dim."""
        return self.dimension is None and not self._batch

    @property
    def is_anonymous(self) -> bool:
        """Whether it was given as a plain int."""
        return self._anonymous

    @property
    def size(self) -> int:
        """The fixed size.

        :raises NetworkError: if the dim has no fixed size
        """
        if self.dimension is None:
            raise NetworkError(f"dim {self.name!r} has no fixed size: each sequence has its own length")
        return self.dimension

    @property
    def terms(self) -> dict[Dim | None, int]:
        """
        What it was computed from: the count by dim, a number under None.

        For ``2 * a + 1`` it is ``{a: 2, None: 1}``; empty for one that was not computed.
        """
        return dict(self._terms or {})

    def __repr__(self) -> str:
        if self.dimension is None or self._anonymous:
            return self.name
        return f"{self.name}={self.dimension}"

    def __add__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, self), (1, as_dim(other))])

    def __radd__(self, other: DimLike) -> Dim:
        return self if other == 0 and isinstance(other, int) else _linear_combination([(1, as_dim(other)), (1, self)])

    def __sub__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, self), (-1, as_dim(other))])

    def __rsub__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, as_dim(other)), (-1, self)])

    def __mul__(self, factor: int) -> Dim:
        return _linear_combination([(factor, self)])

    __rmul__ = __mul__

    def __floordiv__(self, divisor: int) -> Dim:
        if self.size % divisor:
            raise NetworkError(f"dim {self} is not divisible by {divisor}")
        if self._anonymous:
            return as_dim(self.size // divisor)
        terms = _terms(self)
        if all(count % divisor == 0 for count in terms.values()):
            return _from_terms({dim: count // divisor for dim, count in terms.items()})
        key = ("floordiv", self, divisor)
        if key not in _SUMS:
            _SUMS[key] = Dim(self.size // divisor, f"{self.name}//{divisor}")
            _SUMS[key]._quotient = (self, divisor)
        return _SUMS[key]

    def __reduce__(self):
        if self._batch:
            return _get_batch_dim, ()
        if self is single_step_dim:
            return _get_single_step_dim, ()
        if self._anonymous:
            return as_dim, (self.dimension,)
        if self._terms is not None:
            return _from_items, (tuple(self._terms.items()),)
        if self._quotient is not None:
            return operator.floordiv, self._quotient
        return super().__reduce__()

    def __deepcopy__(self, memo: dict) -> Dim:
        return self


def as_dim(size: DimLike) -> Dim:
    """The dim itself, or for an int the common anonymous dim of that size."""
    if isinstance(size, Dim):
        return size
    if size not in _ANONYMOUS:
        dim = Dim(size)
        dim._anonymous = True
        _ANONYMOUS[size] = dim
    return _ANONYMOUS[size]


def pending_dim(name: str) -> Dim:
    """A static dim whose size becomes known only at the end of the loop body (see rule L8)."""
    dim = Dim(1, name)
    dim.dimension = 0
    return dim


def dims_text(dims: Iterable[Dim] | None) -> str:
    """How messages show dims, for example ``[batch, time, lstm=512]``."""
    return "[not known yet]" if dims is None else "[" + ", ".join(map(repr, dims)) + "]"


def ordered_dims(dims: Iterable[DimLike]) -> tuple[Dim, ...]:
    """A shape as a tuple. Of a set: batch first, then dims with lengths, then static dims by name and size."""
    listed = [as_dim(dim) for dim in dims]
    if isinstance(dims, (set, frozenset)):
        listed.sort(key=lambda dim: (not dim.is_batch, dim.is_static, dim.name, dim.dimension or 0))
    return tuple(listed)


def _terms(dim: Dim) -> dict[Dim | None, int]:
    """The dim as a sum: count by dim, constants under None."""
    if dim._terms is not None:
        return dim._terms
    return {None: dim.size} if dim._anonymous else {dim: 1}


def _linear_combination(parts: list[tuple[int, Dim]]) -> Dim:
    total: dict[Dim | None, int] = {}
    for factor, dim in parts:
        dim.size  # noqa: B018 - raises for dims without a fixed size
        for base, count in _terms(dim).items():
            total[base] = total.get(base, 0) + factor * count
    return _from_terms({base: count for base, count in total.items() if count})


def _from_terms(terms: dict[Dim | None, int]) -> Dim:
    if set(terms) == {None}:
        return as_dim(terms[None])
    if len(terms) == 1 and next(iter(terms.values())) == 1:
        only = next(iter(terms))
        assert only is not None
        return only
    key = ("sum", frozenset(terms.items()))
    if key not in _SUMS:
        size = sum(count * (base.size if base is not None else 1) for base, count in terms.items())
        name = "+".join(_term_name(base, count) for base, count in terms.items())
        dim = Dim(size, name.replace("+-", "-"))
        dim._terms = dict(terms)
        _SUMS[key] = dim
    return _SUMS[key]


def _from_items(items: tuple[tuple[Dim | None, int], ...]) -> Dim:
    """A sum that was pickled: the same object as the same sum of the dims that were read."""
    return _from_terms(dict(items))


def _term_name(base: Dim | None, count: int) -> str:
    if base is None:
        return str(count)
    return {1: base.name, -1: f"-{base.name}"}.get(count, f"{count}*{base.name}")


def _make_batch_dim() -> Dim:
    dim = Dim(None, "batch")
    dim._batch = True
    return dim


batch_dim = _make_batch_dim()
"""The axis over the sequences of a batch."""


single_step_dim = Dim(None, "single_step")
"""RETURNN's axis of an LSTM unit that computes one step; only for layers, no tensor has it."""


def _get_batch_dim() -> Dim:
    return batch_dim


def _get_single_step_dim() -> Dim:
    return single_step_dim
