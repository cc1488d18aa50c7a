"""Labels that an op reads entries by: TensorFlow refuses those that are none, also in padding."""

from __future__ import annotations

from ..passes.computed_labels import are_computed
from ..record.graph import Op, Tensor
from .build import Build
from .layers import Reference


def labels_in_range(op: Op, labels: Tensor, build: Build) -> Reference:
    """What an op reads entries by: for labels that were computed a layer that has a label in padding, too."""
    reference = build.reference(labels)
    if labels.sparse_dim is None or not are_computed(labels):
        return reference
    formula = f"tf.clip_by_value(source(0), 0, {labels.sparse_dim.size - 1})"
    return build.add(op, "eval", {"from": reference, "eval": formula}, name="labels")
