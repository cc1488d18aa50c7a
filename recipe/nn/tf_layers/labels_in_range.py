"""Labels that arithmetic made (``labels - 1``): in padding they may be none, which TensorFlow refuses to read by."""

from __future__ import annotations

from collections.abc import Iterable

from ..ops.constants import constant_value
from ..ops.elementwise import Combine
from ..record.graph import Op, Tensor
from ..record.loops import PreviousOp, ResultOp
from .build import Build
from .layers import Reference


def labels_in_range(op: Op, labels: Tensor, build: Build) -> Reference:
    """
    What an op reads entries by: for labels that were computed a layer that has a label in padding, too.

    What counts are labels of their dim: `recipe.nn.ops.whole_numbers.labels_in_range` raises an error else.
    """
    reference = build.reference(labels)
    if labels.sparse_dim is None or not _are_computed(labels):
        return reference
    formula = f"tf.clip_by_value(source(0), 0, {labels.sparse_dim.size - 1})"
    return build.add(op, "eval", {"from": reference, "eval": formula}, name="labels")


def _are_computed(labels: Tensor) -> bool:
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
