"""
RETURNN (1.20261022, ``SoftmaxOverSpatialLayer`` in tf/layers/basic.py) puts ``-inf`` in place of what stands after a
sequence's end, so that the softmax over a sequence without any frame is NaN, and with it all that is made of it, also
the gradients of all other sequences.

So the config says ``inf_value = 1e30``: -1e30 is as good beside a frame, and the weights of a sequence that has none
are set to 0 by a layer ``seq_len_mask``. Where a whole batch may come to have no frame, in a search say, a layer puts
-1e30 there, so that RETURNN does not take the weights after the end for zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...ops.softmax import Softmax
from ...plain.dim import Dim
from ...record.graph import Op
from ..config_function import ConfigFunction
from ..empty_axes import may_be_empty, reads_what_is_not_there
from ..layers import Layer, Reference
from ..out_type import out_type
from .quirk import Quirk

ENERGIES = ConfigFunction(
    '''
    def energies_of_frames(source, self, axis, **_kwargs):
        """The energies of a sequence's frames, and after its end a number so low that it counts for nothing."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims)
        is_frame = x.get_sequence_mask_broadcast(x.get_axis_from_description(axis))
        return tf.where(is_frame, x.placeholder, -1e30)
    '''
)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Softmax) or layer.options["class"] != "softmax_over_spatial" or op.axis.is_static:
        return
    if not _may_have_none(build, op.axis):
        build.root.settings["inf_value"] = 1e30
        return
    options: dict[str, Any] = {"from": layer.options["from"], "eval": ENERGIES, "eval_locals": {"axis": op.axis}}
    layer.options["from"] = build.add(op, "eval", {**options, "out_type": out_type(op.output)}, name="energies")
    layer.options["use_time_mask"] = False


def _may_have_none(build: Any, axis: Dim) -> bool:
    return may_be_empty(build, axis) or any(dim.is_beam for dim in axis.length_dims)


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    if not isinstance(op, Softmax) or not isinstance(results[0], Layer):
        return results
    if results[0].options["class"] != "softmax_over_spatial" or op.axis.is_static or _may_have_none(build, op.axis):
        return results
    rest = [dim for dim in op.output.dims if dim is not op.axis]
    if not reads_what_is_not_there(build, op.axis, rest):
        return results
    options = {"from": results[0], "axis": op.axis, "mask_value": 0.0}
    return [build.add(op, "seq_len_mask", options, name="weights")]


QUIRK = Quirk("softmax_of_no_frames", layer=_layer, results=_results)
