"""Labels that arithmetic made (``labels - 1``): in padding they may be none, which engines refuse to read by."""

from __future__ import annotations

from collections.abc import Iterable

from ..ops.constants import constant_value
from ..ops.elementwise import Combine
from ..record.graph import Op, Tensor
from ..record.loops import PreviousOp, ResultOp


def are_computed(labels: Tensor) -> bool:
    """
    Whether arithmetic made some of them.

    Those that count are labels of their dim, else :func:`recipe.nn.ops.whole_numbers.labels_in_range` raises an error.
    """
    todo, seen = [labels], {labels}
    while todo:
        x = todo.pop()
        if isinstance(x.op, Combine) and not any(constant_value(term) == 0 for term in x.op.inputs):
            return True
        read = {one for one in _read(x.op) if one.sparse_dim is x.sparse_dim and one not in seen}
        seen |= read
        todo += read
    return False


def _read(op: Op) -> Iterable[Tensor]:
    if isinstance(op, ResultOp):
        return [op.inner]
    if isinstance(op, PreviousOp):
        return [tensor for tensor in (op.initial, op.final) if tensor is not None]
    return op.inputs
