"""Named dimensions: the axes that tensors are made of."""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Iterable
from typing import Any, Union

from .delayed import Delayed, delayed_or, is_delayed
from .errors import NetworkError
from .no_number import NoNumber
from .number import is_size, plain_number
from .size import HasSize

DimLike = Union[int, "Dim"]

_ANONYMOUS: dict[int, Dim] = {}
_SUMS: dict[tuple, Dim] = {}


class Dim(HasSize["Dim"], NoNumber):
    """
    One axis, compared by identity, as in RETURNN: two dims of equal size are still two dims.

    ``Dim(512, name="lstm")`` has a fixed size, ``Dim(None, name="time")`` one length per sequence. A plain int may
    stand wherever a static dim is wanted and means one common anonymous dim of that size. Static dims can be added,
    subtracted, multiplied and divided, also by ints; the same expression gives the same dim.

    The size may be given later by a job (``nn.Dim(count.out_size, "labels")``, see :mod:`recipe.nn.plain.delayed`).
    Such a dim is static, too, and so are its sums; what needs the number itself waits for it.

    :param dimension: the size, or None for a length that differs from sequence to sequence
    :param name: how messages and the written config call it
    :param labels: what the indices stand for, when sparse values have this dim (used to print search results)
    """

    _beam = False
    _length_dims: tuple[Dim, ...] | None = None

    def __init__(self, dimension: Any, name: str | None = None, *, labels: Any = None):
        dimension = plain_number(dimension)
        if isinstance(dimension, str) and isinstance(name, int):
            raise NetworkError(f"the size of a Dim comes first, then its name: nn.Dim({name}, {dimension!r})")
        self.name: str = name or (str(dimension) if isinstance(dimension, int) else "time")
        self._size = None
        if dimension is not None:
            what = f"the size of dim {self.name!r}"
            self._size = delayed_or(
                dimension, what, is_size, "a size of at least 1, or None for one length per sequence"
            )
        self._labels: tuple[str, ...] | Delayed | None = None
        if is_delayed(labels):
            self._labels = Delayed(labels, f"the labels of dim {self.name!r}")
        elif labels is not None:
            self._labels = tuple(labels)
            if isinstance(self._size, int) and self._size != len(self._labels):
                raise NetworkError(f"Dim {name!r} has size {dimension}, but {len(self._labels)} labels were given")
        self._terms = self._quotient = self._same_size_as = None
        self._anonymous = False
        self._batch = False

    @property
    def labels(self) -> tuple[str, ...] | None:
        """What the indices stand for.

        :raises NetworkError: if a job gives them that has not run, or if they are not as many as the size
        """
        if not isinstance(self._labels, Delayed):
            return self._labels
        labels = tuple(self._labels.get())
        if len(labels) != self.size:
            raise NetworkError(
                f"dim {self.name!r} has size {self.size}, but {self._labels!r} gives {len(labels)} labels"
            )
        return labels

    @property
    def delayed_labels(self) -> Delayed | None:
        """What will give the labels, if a job does."""
        return self._labels if isinstance(self._labels, Delayed) else None

    @property
    def has_labels(self) -> bool:
        """Whether it is known, or will be, what the indices stand for."""
        return self._labels is not None

    @property
    def is_batch(self) -> bool:
        """Whether this is :data:`batch_dim`."""
        return self._batch

    @property
    def is_dynamic(self) -> bool:
        """Whether each sequence has its own length along this dim."""
        return not self.is_static and not self._batch

    @property
    def is_beam(self) -> bool:
        """Whether it is the axis over the hypotheses of a search, see :func:`beam_dim`; so it is no feature dim."""
        return self._beam

    @property
    def length_dims(self) -> tuple[Dim, ...]:
        """The dims of the lengths along this dim: ``[batch]``; more, where each hypothesis has its own length."""
        return self._length_dims or (batch_dim,)

    @property
    def is_anonymous(self) -> bool:
        """Whether it was given as a plain int."""
        return self._anonymous

    def with_name(self, name: str) -> Dim:
        """Another dim of the same size, or with lengths over the same dims."""
        dim = Dim(None, name)
        dim._size, dim._length_dims = self._size, self._length_dims
        if self.is_static and self._size is None:
            dim._same_size_as = self
        return dim

    def with_lengths_over(self, dims: Iterable[Dim]) -> Dim:
        """Another dim of this name, with a length for each place of these dims, the batch dim among them."""
        dim = Dim(None, self.name)
        dim._length_dims = tuple(dims)
        return dim

    def become(self, other: Dim) -> None:
        """Gives a :func:`pending_dim` the size and name of another dim."""
        self._size, self.name = other._size, other.name
        self._same_size_as = other if other._size is None else None

    def __repr__(self) -> str:
        if not self.is_static or self._anonymous:
            return self.name
        return self.name if self.known_size is None else f"{self.name}={self.known_size}"

    def __add__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, self), (1, as_dim(other))])

    def __radd__(self, other: DimLike) -> Dim:
        return self if other == 0 and isinstance(other, int) else _linear_combination([(1, as_dim(other)), (1, self)])

    def __sub__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, self), (-1, as_dim(other))])

    def __rsub__(self, other: DimLike) -> Dim:
        return _linear_combination([(1, as_dim(other)), (-1, self)])

    def __mul__(self, factor: DimLike) -> Dim:
        if isinstance(factor, bool) or not isinstance(factor, (int, Dim)):
            raise NetworkError(f"dim {self} is multiplied by a whole number or another dim, not by {_no_size(factor)}")
        return _linear_combination([(factor, self)]) if isinstance(factor, int) else _product(self, factor)

    __rmul__ = __mul__

    def __truediv__(self, divisor: DimLike) -> Dim:
        raise NetworkError(f"the size of a dim is a whole number: write dim // {divisor}, not dim / {divisor}")

    def __floordiv__(self, divisor: DimLike) -> Dim:
        return _quotient(self, divisor)

    def __rfloordiv__(self, whole: int) -> Dim:
        return _quotient(as_dim(whole), self)

    def __reduce__(self):
        if self._batch:
            return _get_batch_dim, ()
        if self is single_step_dim:
            return _get_single_step_dim, ()
        if self._anonymous:
            return as_dim, (self.size,)
        if self._terms is not None:
            return _from_items, (tuple(self._terms.items()),)
        if self._factors:
            return _product_of, (self._factors,)
        if self._quotient is not None:
            return operator.floordiv, self._quotient
        return super().__reduce__()

    def __deepcopy__(self, memo: dict) -> Dim:
        return self


def as_dim(size: DimLike) -> Dim:
    """
    The dim itself, or for an int the common anonymous dim of that size.

    :raises NetworkError: for anything else
    """
    if isinstance(size, Dim):
        return size
    if is_delayed(size):
        raise NetworkError("a size that a job gives needs a name: write nn.Dim(value, name=...) instead of the value")
    number: Any = plain_number(size)
    if not is_size(number):
        raise NetworkError(f"a size is a Dim or an int of at least 1, not {_no_size(size)}")
    if number not in _ANONYMOUS:
        dim = Dim(number)
        dim._anonymous = True
        _ANONYMOUS.setdefault(number, dim)  # of two threads, the first one's
    return _ANONYMOUS[number]


def _no_size(size: object) -> str:
    if isinstance(size, (int, float, str)) or size is None:
        return repr(size)
    if hasattr(size, "known_dims"):
        return f"a tensor: {size}. A module is made first, with sizes, and then called: nn.Linear(size)(x)"
    return f"{size!r} ({type(size).__name__})"


def pending_dim(name: str) -> Dim:
    """A static dim whose size becomes known only at the end of the loop body (see rule L8)."""
    dim = Dim(1, name)
    dim._size = 0
    return dim


def beam_dim(size: int | Delayed, name: str) -> Dim:
    """An axis over the hypotheses of a search, of which there are so many for each sequence."""
    dim = Dim(size, name)
    dim._beam = True
    return dim


def _terms(dim: Dim) -> dict[Dim | None, int]:
    """The dim as a sum: count by dim, constants under None."""
    if dim._terms is not None:
        return dim._terms
    return {None: dim.size} if dim._anonymous else {dim: 1}


def _require_static(dim: Dim) -> None:
    if not dim.is_static:
        dim.size  # noqa: B018 - raises for dims without a fixed size


def _linear_combination(parts: list[tuple[int, Dim]]) -> Dim:
    total: dict[Dim | None, int] = {}
    for factor, dim in parts:
        _require_static(dim)
        for base, count in _terms(dim).items():
            total[base] = total.get(base, 0) + factor * count
    return _from_terms({base: count for base, count in total.items() if count})


def _product(one: Dim, other: Dim) -> Dim:
    """Each term of the one times each of the other."""
    for dim in (one, other):
        _require_static(dim)
    terms: list[tuple[int, Dim]] = []
    for base, count in _terms(one).items():
        for factor, times in _terms(other).items():
            both = _product_of((*_factors(base), *_factors(factor)))
            terms.append((count * times, both))
    return _linear_combination(terms)


def _factors(base: Dim | None) -> tuple[Dim, ...]:
    return () if base is None else base.factors or (base,)


def _product_of(factors: tuple[Dim, ...]) -> Dim:
    """The product of dims that are no sums or products themselves."""
    if len(factors) < 2:
        return factors[0] if factors else as_dim(1)
    key = ("product", frozenset(Counter(factors).items()))
    if key not in _SUMS:
        sizes = [factor.known_size for factor in factors]
        known = [size for size in sizes if size is not None]
        size = math.prod(known) if len(known) == len(sizes) else None
        product = Dim(size, "*".join(factor.name for factor in factors))
        product._factors = factors
        _SUMS.setdefault(key, product)
    return _SUMS[key]


def _quotient(whole: Dim, divisor: DimLike) -> Dim:
    """
    A part of a dim.

    :raises NetworkError: if it is known not to be divisible
    """
    parts = divisor.known_size if isinstance(divisor, Dim) else divisor
    if (isinstance(divisor, Dim) and not divisor.is_static) or (parts is not None and not is_size(parts)):
        raise NetworkError(
            f"dim {whole} cannot be divided by {divisor!r}, but by numbers from 1 on and dims of fixed size"
        )
    if not whole.is_static or (None not in (whole.known_size, parts) and _size(whole) % _size(divisor)):
        raise NetworkError(f"dim {whole} is not divisible by {divisor}")
    if isinstance(divisor, Dim) and divisor.is_anonymous:
        divisor = divisor.size
    if whole.is_anonymous and isinstance(divisor, int):
        return as_dim(whole.size // divisor)
    terms = _divided(_terms(whole), {None: divisor} if isinstance(divisor, int) else _terms(divisor))
    if terms is not None:
        return _from_terms(terms)
    key = ("floordiv", whole, divisor)
    if key not in _SUMS:
        known = None not in (whole.known_size, parts)
        quotient = Dim(_size(whole) // _size(divisor) if known else None, f"{whole.name}//{_name(divisor)}")
        quotient._quotient = (whole, divisor)
        _SUMS.setdefault(key, quotient)
    return _SUMS[key]


def _size(dim: DimLike) -> int:
    return dim if isinstance(dim, int) else dim.size


def _name(dim: DimLike) -> str:
    return str(dim) if isinstance(dim, int) else dim.name


def _divided(terms: dict[Dim | None, int], divisor: dict[Dim | None, int]) -> dict[Dim | None, int] | None:
    """A sum divided by a multiple of a dim, or by a sum that it is a multiple of; None if that leaves no sum."""
    (first, times), *more = divisor.items()
    if more:
        ratio, rest = divmod(terms.get(first, 0), times)
        is_multiple = not rest and terms == {base: ratio * count for base, count in divisor.items()}
        return {None: ratio} if is_multiple else None
    divided: dict[Dim | None, int] = {}
    for base, count in terms.items():
        left, without = Counter(_factors(base)), Counter(_factors(first))
        if count % times or any(left[factor] < number for factor, number in without.items()):
            return None
        factors = tuple((left - without).elements())
        divided[_product_of(factors) if factors else None] = count // times
    return divided


def _from_terms(terms: dict[Dim | None, int]) -> Dim:
    if set(terms) == {None}:
        return as_dim(terms[None])
    if len(terms) == 1 and next(iter(terms.values())) == 1:
        only = next(iter(terms))
        assert only is not None
        return only
    key = ("sum", frozenset(terms.items()))
    if key not in _SUMS:
        sizes = {base: 1 if base is None else base.known_size for base in terms}
        known = all(size is not None for size in sizes.values())
        size = sum(count * (sizes[base] or 0) for base, count in terms.items()) if known else None
        name = "+".join(_term_name(base, count) for base, count in terms.items())
        dim = Dim(size, name.replace("+-", "-"))
        dim._terms = dict(terms)
        _SUMS.setdefault(key, dim)
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
