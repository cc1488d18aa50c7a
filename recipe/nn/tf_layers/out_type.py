"""What RETURNN's option ``out_type`` says of a tensor: its dims, dtype, labels and features."""

from __future__ import annotations

from typing import Any

from ..plain.dim import Dim
from ..record.graph import Tensor
from .axis_order import batch_first


def out_type(tensor: Tensor) -> dict[str, Any]:
    """All that is known of a tensor, for a layer of which RETURNN cannot find it out; the batch is its first axis."""
    dims = list(batch_first(tensor.dims))
    said: dict[str, Any] = {"dims": dims, "dtype": tensor.dtype}
    if tensor.sparse_dim is not None:
        said["sparse_dim"] = tensor.sparse_dim
    feature = _feature(dims)
    if tensor.sparse_dim is None and feature is not None:
        said["feature_dim"] = feature
    return said


def _feature(dims: list[Dim]) -> Dim | None:
    return next((dim for dim in reversed(dims) if dim.is_static), None)
