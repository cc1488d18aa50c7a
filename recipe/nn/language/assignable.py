"""Whether a value may be assigned to a state: a state keeps its dims, its dtype, and what its labels are."""

from __future__ import annotations

from ..ops.constants import constant_value
from ..plain.code_of_dims import dim_code, dims_code
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, SourceLine
from ..record.graph import Tensor
from ..record.state_leaf import StateLeaf


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
            f"{value.sparse_dim}: {value}. It becomes labels of the other dim by "
            f"nn.cast(value, 'int32', sparse_dim={dim_code(before.sparse_dim) or 'dim'})",
            source,
        )


def _instead(before: Tensor, value: Tensor) -> str:
    number = constant_value(value)
    if number is not None and not value.dims:
        code = dims_code(before.dims)
        if code is None:
            return f" Give the number these dims, by nn.constant({number}, dims)"
        labels = dim_code(before.sparse_dim) if before.sparse_dim is not None else None
        kind = f"sparse_dim={labels}" if labels is not None else f"dtype={before.dtype!r}"
        return f" Write nn.constant({number}, {code}, {kind})"
    missing = [dim for dim in before.dims if dim not in value.dims]
    more = [dim for dim in value.dims if dim not in before.dims]
    if missing and not more:
        code = dims_code(missing)
        if code is None:
            return f" The value gets {dims_text(missing)} by nn.expand(value, dims)"
        return f" The value gets the others by nn.expand(value, {code})"
    sizes = [dim.known_size for dim in missing]
    if None not in sizes and sizes == [dim.known_size for dim in more]:
        pairs = ", ".join(f"{a.name!r} and {b.name!r}" for a, b in zip(missing, more))
        return f" {pairs} have the same size, but are two dims: use one Dim object in both places"
    code = dims_code(value.dims)
    if code is None:
        return f" Give the initial value, before the loop, those of the new one, {dims_text(value.dims)}"
    return f" Give the initial value, before the loop, those of the new one: nn.zeros({code}{_type_of(value)})"


def _type_of(value: Tensor) -> str:
    """What ``nn.zeros`` is told of the type of a value, if it is not of floats."""
    labels = dim_code(value.sparse_dim) if value.sparse_dim is not None else None
    if value.dtype == "float32":
        return ""
    return f", dtype={value.dtype!r}" + (f", sparse_dim={labels}" if labels is not None else "")
