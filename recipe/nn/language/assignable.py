"""Whether a value may be assigned to a state: a state keeps its dims, its dtype, and what its labels are."""

from __future__ import annotations

from ..ops.constants import constant_value
from ..plain.dim import dims_text
from ..plain.errors import NetworkError, SourceLine
from ..record.graph import StateLeaf, Tensor


def check_assignable(leaf: StateLeaf, before: Tensor, value: Tensor, source: SourceLine) -> None:
    """
    :raises NetworkError: if the new value differs from the one before in its dims, its dtype or what its labels are
    """
    if before.known_dims is None or value.known_dims is None:
        return
    if set(before.dims) != set(value.dims):
        raise NetworkError(
            f"state {leaf.label} has the dims {dims_text(before.dims)}, but what is assigned to it has "
            f"{dims_text(value.dims)}: {value}. A state keeps its dims.{_instead(before, value)}",
            source,
        )
    if before.dtype != value.dtype:
        raise NetworkError(
            f"state {leaf.label} is {before.dtype}, but what is assigned to it is {value.dtype}: {value}. Write "
            f"nn.cast(value, {before.dtype!r}), or give the initial value the other type",
            source,
        )
    if before.sparse_dim is not None and value.sparse_dim is not None and before.sparse_dim is not value.sparse_dim:
        raise NetworkError(
            f"state {leaf.label} holds labels of {before.sparse_dim}, but what is assigned to it are labels of "
            f"{value.sparse_dim}: {value}. nn.cast(x, 'int32', sparse_dim=...) makes them labels of another dim",
            source,
        )


def _instead(before: Tensor, value: Tensor) -> str:
    number = constant_value(value)
    if number is not None and not value.dims:
        return f" Write nn.constant({number}, {dims_text(before.dims)}, dtype={before.dtype!r})"
    missing = [dim for dim in before.dims if dim not in value.dims]
    more = [dim for dim in value.dims if dim not in before.dims]
    if missing and not more:
        return f" The value gets the others by nn.expand(value, dims) with {dims_text(missing)}"
    sizes = [dim.known_size for dim in missing]
    if None not in sizes and sizes == [dim.known_size for dim in more]:
        pairs = ", ".join(f"{a.name!r} and {b.name!r}" for a, b in zip(missing, more))
        return f" {pairs} have the same size, but are two dims: use one Dim object in both places"
    return f" Give the initial value, before the loop, those of the new one: nn.zeros({dims_text(value.dims)})"
