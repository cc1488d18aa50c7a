"""Several dims: a shape as it is given, in messages, and with the hypotheses of a search."""

from __future__ import annotations

import operator
from collections.abc import Iterable

from .dim import Dim, DimLike, as_dim
from .errors import NetworkError


def ordered_dims(dims: Iterable[DimLike]) -> tuple[Dim, ...]:
    """
    A shape as a tuple. Of a set: batch first, then dims with lengths, then static dims by name and size.

    :raises NetworkError: if it is a single dim, or something in it is no size
    """
    if isinstance(dims, (int, Dim)):
        raise NetworkError(f"dims come as a list, even a single one: [{dims!r}]")
    if isinstance(dims, str) or hasattr(dims, "known_dims") or not isinstance(dims, Iterable):
        of_tensor = ". Those of a tensor are x.dims" if hasattr(dims, "known_dims") else ""
        raise NetworkError(f"dims come as a list of Dims and sizes, not {dims!r}{of_tensor}")
    listed = [as_dim(dim) for dim in dims]
    if isinstance(dims, (set, frozenset)):
        listed.sort(key=lambda dim: (not dim.is_batch, dim.is_static, dim.name, dim.known_size or 0))
    return tuple(listed)


_is_beam = operator.attrgetter("_beam")


def dims_text(dims: Iterable[Dim] | None) -> str:
    """How messages show dims, for example ``[batch, time, lstm=512]``."""
    return "[not known yet]" if dims is None else "[" + ", ".join(map(repr, dims)) + "]"


def beams_first(dims: Iterable[Dim]) -> tuple[Dim, ...]:
    """The dims with those of hypotheses right after the batch dim, or as the first where there is none."""
    dims = tuple(dims)
    if not any(map(_is_beam, dims)):
        return dims
    beams = [dim for dim in dims if dim.is_beam]
    rest = [dim for dim in dims if not dim.is_beam]
    place = next((number + 1 for number, dim in enumerate(rest) if dim.is_batch), 0)
    return (*rest[:place], *beams, *rest[place:])
