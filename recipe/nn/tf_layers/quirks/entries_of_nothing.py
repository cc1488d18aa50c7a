"""
RETURNN (1.20261022, ``GatherLayer`` in tf/layers/basic.py) reads padding for a sequence that has no entry at all, and
fails if none in the batch has one.

So what it reads of a sequence without entries becomes 0. Entries along an axis that may be empty for a whole batch are
taken of one with at least one entry for each sequence, zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.indexing import Gather
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..empty_axes import axis_of_frames_or_one, frames_or_one, may_be_empty, reads_what_is_not_there
from ..layers import Layer, Reference
from ..out_type import out_type
from .quirk import Quirk

ENTRY_IF_ANY = ConfigFunction(
    '''
    def entry_if_any(source, self, **_kwargs):
        """The entry of a sequence; zeros for one that has none, which the other source counts."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
        count = source(1, as_data=True, auto_convert=False).copy_compatible_to_dims_raw(self.output.dims)
        return tf.where(tf.greater(count, 0), x, tf.zeros_like(x))
    '''
)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if _reads_along_axis(op, layer) and isinstance(op, Gather) and may_be_empty(build, op.axis):
        entries = frames_or_one(build, op, op.inputs[0], op.axis)
        layer.options |= {"from": entries, "axis": axis_of_frames_or_one(build, op.axis)}


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, Gather) or not isinstance(results[0], Layer) or not _reads_along_axis(op, results[0]):
        return results
    if op.of_entries or may_be_empty(build, op.axis) or not reads_what_is_not_there(build, op.axis, op.output.dims):
        return results
    count = build.add(op, "length", {"from": build.reference(op.inputs[0]), "axis": op.axis}, name="length")
    options = {"from": [results[0], count], "eval": ENTRY_IF_ANY, "allow_broadcast_all_sources": True}
    return [build.add(op, "eval", {**options, "out_type": out_type(op.output)}, name="entry")]


def _reads_along_axis(op: Op, layer: Layer) -> bool:
    """Whether the layer is RETURNN's own, along the axis of the op or what stands for it."""
    return isinstance(op, Gather) and layer.options["class"] == "gather" and op.axis.is_dynamic


QUIRK = Quirk("entries_of_nothing", layer=_layer, results=_results)
