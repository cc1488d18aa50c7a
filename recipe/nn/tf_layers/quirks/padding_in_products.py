"""
RETURNN (1.20261022, ``DotLayer`` in tf/layers/basic.py) sets what stands after the ends of sequences to 0 in one of the
two factors only. If the other one is no number there (the logarithm of padding, say), 0 times
that is none either, and so is the sum for the whole sequence.

So a factor that may be no number is read as 0 after the ends of sequences.
"""

from __future__ import annotations

from typing import Any

from ...ops.dot import Dot
from ...plain.dim import Dim, batch_dim
from ...record.graph import Op, Tensor
from ..axis_order import factors
from ..config_function import ConfigFunction
from ..layers import Layer, Reference
from ..not_numbers import NotNumbers
from ..out_type import out_type
from .quirk import Quirk

WITHOUT_PADDING = ConfigFunction(
    '''
    def without_padding(source, self, axis, **_kwargs):
        """The same values, and 0 after the ends of sequences along an axis."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims)
        inside = x.get_sequence_mask_broadcast(axis=x.get_axis_from_description(axis))
        return tf.where(inside, x.placeholder, tf.zeros_like(x.placeholder))
    '''
)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if isinstance(op, Dot) and op.reduce.is_dynamic and layer.options["class"] == "dot":
        sources = zip(factors(op), layer.options["from"])
        layer.options["from"] = [_without_padding(build, x, source, op.reduce) for x, source in sources]


def _without_padding(build: Any, x: Tensor, source: Reference, axis: Dim) -> Reference:
    if batch_dim not in x.dims or _is_masked(source, axis) or not build.once("not numbers", NotNumbers).may_be(x):
        return source
    options = {"from": source, "eval": WITHOUT_PADDING, "eval_locals": {"axis": axis}, "out_type": out_type(x)}
    unit = build.units[x.op.body]
    made: Reference = build.once(
        ("without padding", x, axis), lambda: build.add_in(unit, x.op, "eval", options, "without_padding")
    )
    return made


def _is_masked(source: Reference, axis: Dim) -> bool:
    """Whether a factor is already 0 there: the values of attention, or its weights."""
    return isinstance(source, Layer) and source.options["class"] == "seq_len_mask" and source.options["axis"] is axis


QUIRK = Quirk("padding_in_products", layer=_layer)
