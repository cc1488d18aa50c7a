"""Values that are the same for all sequences, without the batch dim that they have got."""

from __future__ import annotations

from ..ops.elementwise import Cast
from ..ops.reduce import Reduce
from ..plain.dim import batch_dim
from ..record.graph import Tensor


def without_batch(x: Tensor) -> Tensor:
    """A value that all sequences have: the greatest of all, so that the gradient is that of one value."""
    if x.dtype != "bool" and x.sparse_dim is None:
        return Reduce("max", x, (batch_dim,)).output
    number = Reduce("max", Cast(x, "int32", None).output, (batch_dim,)).output
    return Cast(number, x.dtype, x.sparse_dim).output
