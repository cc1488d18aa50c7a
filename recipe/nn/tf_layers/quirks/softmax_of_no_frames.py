"""
RETURNN (1.20261022, ``SoftmaxOverSpatialLayer`` in tf/layers/basic.py) puts ``-inf`` in place of what stands after a
sequence's end, so that the softmax over a sequence without any frame is NaN, and with it all that is made of it, also
the gradients of all other sequences.

So the config says ``inf_value = 1e30``: -1e30 is as good beside a frame, and the weights of a sequence that has none
are set to 0 by a layer ``seq_len_mask``. In a loop, if all that reads the weights is their products with values from
outside, these values are set to 0 after the ends of sequences instead, once before the loop. Where a whole batch may
come to have no frame, in a search say, a layer puts -1e30 there, so that RETURNN does not take the weights after the
end for zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeGuard

from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.softmax import Softmax
from ...plain.dim import Dim
from ...record.graph import Op, Tensor
from ..axis_order import factors
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
    if isinstance(op, Dot) and layer.options["class"] == "dot":
        _mask_values(build, op, layer)
    if not _is_of_frames(op, layer):
        return
    if not _may_have_none(build, op.axis):
        build.root.settings["inf_value"] = 1e30
        return
    options: dict[str, Any] = {"from": layer.options["from"], "eval": ENERGIES, "eval_locals": {"axis": op.axis}}
    layer.options["from"] = build.add(op, "eval", {**options, "out_type": out_type(op.output)}, name="energies")
    layer.options["use_time_mask"] = False


def _is_of_frames(op: Op, layer: Layer) -> TypeGuard[Softmax]:
    return isinstance(op, Softmax) and layer.options["class"] == "softmax_over_spatial" and op.axis.is_dynamic


def _may_have_none(build: Any, axis: Dim) -> bool:
    return may_be_empty(build, axis) or any(dim.is_beam for dim in axis.length_dims)


def _results(build: Any, op: Op, results: Sequence[Reference]) -> Sequence[Reference]:
    made = results[0] if results else None
    if not isinstance(made, Layer) or not _is_of_frames(op, made) or _may_have_none(build, op.axis):
        return results
    rest = [dim for dim in op.output.dims if dim is not op.axis]
    if not reads_what_is_not_there(build, op.axis, rest):
        return results
    products = _products(build, op)
    for product, values in products:
        build.once(("values of no frames", product), lambda values=values: values)
    if products:
        return results
    options = {"from": made, "axis": op.axis, "mask_value": 0.0}
    return [build.add(op, "seq_len_mask", options, name="weights")]


def _products(build: Any, op: Softmax) -> list[tuple[Dot, Tensor]]:
    """
    The products that weights in a loop are read by, with the other factors.

    :return: empty if something else reads the weights, or another factor is made in the loop
    """
    found, todo = [], [op.output]
    while todo:
        weights = todo.pop()
        readers = [one for one in op.body.ops if one in build.program.needed and any(x is weights for x in one.inputs)]
        if len(readers) != build.uses[weights]:
            return []
        for reader in readers:
            if isinstance(reader, Dropout):
                todo.append(reader.output)
            elif isinstance(reader, Dot) and reader.reduce is op.axis:
                found.append((reader, next(x for x in reader.inputs if x is not weights)))
            else:
                return []
    return found if all(_is_from_outside(build, op, values) for _, values in found) else []


def _is_from_outside(build: Any, op: Softmax, values: Tensor) -> bool:
    """Whether values of frames are made before the loop of an op, and have all axes that the frames' number has."""
    return (
        values.op.body is not op.body
        and set(op.axis.length_dims) <= set(values.dims)
        and build.reference(values) is build.references[values]
    )


def _mask_values(build: Any, op: Dot, layer: Layer) -> None:
    values = build.made("values of no frames", op)
    if values is not None:
        sources = zip(factors(op), layer.options["from"])
        layer.options["from"] = [_masked(build, x, op.reduce) if x is values else source for x, source in sources]


def _masked(build: Any, values: Tensor, axis: Dim) -> Layer:
    options = {"from": build.references[values], "axis": axis, "mask_value": 0.0}
    unit = build.units[values.op.body]
    masked: Layer = build.once(
        ("masked values", values, axis),
        lambda: build.add_in(unit, values.op, "seq_len_mask", options, "masked"),
    )
    return masked


QUIRK = Quirk("softmax_of_no_frames", layer=_layer, results=_results)
