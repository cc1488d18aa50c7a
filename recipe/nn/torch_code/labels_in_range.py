"""Labels that an op reads entries by: PyTorch refuses those that are none, also in padding."""

from __future__ import annotations

from ..passes.computed_labels import are_computed
from ..record.graph import Tensor
from .layout import primary


def labels_in_range(labels: Tensor, code: str) -> str:
    """
    What an op reads entries by: of labels that were computed some label in padding, too.

    :param code: what the labels are in the code
    """
    if labels.sparse_dim is None or not are_computed(labels):
        return code
    return f"{primary(code)}.clamp(0, {labels.sparse_dim.size - 1})"
