"""What RETURNN's option ``out_type`` says of a tensor: its dims, dtype, labels and features."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..plain.dim import Dim
from ..record.graph import Tensor
from .axis_order import batch_first


def out_type(tensor: Tensor) -> dict[str, Any]:
    """All that is known of a tensor, for a layer of which RETURNN cannot find it out; the batch is its first axis."""
    return type_of(tensor.dims, tensor.dtype, tensor.sparse_dim)


def out_type_beside(tensor: Tensor, sources: Iterable[Tensor]) -> dict[str, Any]:
    """The same, for a layer that reads others than what its result is made of, such as labels beside numbers."""
    if tensor.sparse_dim is None and any(source.sparse_dim is not None for source in sources):
        return {"sparse_dim": None, **out_type(tensor)}
    return out_type(tensor)


def type_of(dims: Iterable[Dim], dtype: str, sparse_dim: Dim | None = None) -> dict[str, Any]:
    """The same, of dims and a dtype."""
    ordered = list(batch_first(dims))
    said: dict[str, Any] = {"dims": ordered, "dtype": dtype}
    if sparse_dim is not None:
        return {**said, "sparse_dim": sparse_dim}
    feature = next((dim for dim in reversed(ordered) if dim.is_static and not dim.is_beam), None)
    return said if feature is None else {**said, "feature_dim": feature}
