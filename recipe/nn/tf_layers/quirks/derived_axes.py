"""
RETURNN (1.20261022, ``_TensorMixin.get_common_data`` in tensor/_tensor_extra.py) takes an axis that pooling, a
convolution with a stride or the like has made for the one that it was made of ("derived_matches"), so that a value
along both of them loses one: "cannot match the axes".

So what computes values along two such axes says both.
"""

from __future__ import annotations

import itertools
from typing import Any

from ...ops.array import ReplaceDim
from ...ops.elementwise import Elementwise, Where
from ...plain.dim import Dim
from ...record.graph import Op
from ...record.loops import ResultOp
from ..layers import Layer
from ..made_axes import makers_of_axes
from ..out_type import out_type_beside
from ..where import where_of_all_axes
from .quirk import Quirk


def _has_derived(build: Any, op: Op) -> bool:
    """Whether the result has two axes of which one was made of the other, or both of a third one."""
    dims = [dim for dim in op.output.dims if dim.is_dynamic]
    return any(_origins(build, one) & _origins(build, other) for one, other in itertools.combinations(dims, 2))


def _origins(build: Any, dim: Dim) -> frozenset[Dim]:
    """The axes that an axis was made of, and itself."""
    found: frozenset[Dim] = build.once(("origins", dim), lambda: _find_origins(build, dim))
    return found


def _find_origins(build: Any, dim: Dim) -> frozenset[Dim]:
    maker = build.once("makers of axes", lambda: makers_of_axes(build.program)).get(dim)
    if maker is None or isinstance(maker, (ResultOp, ReplaceDim)):
        return frozenset([dim])
    made_of = {axis for x in maker.inputs for axis in x.dims if axis.is_dynamic and axis is not dim}
    return frozenset([dim]).union(*(_origins(build, axis) for axis in made_of))


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, Where) or not _has_derived(build, op):
        return None
    return where_of_all_axes(build, op)


def _layer(build: Any, op: Op, layer: Layer) -> None:
    if not isinstance(op, Elementwise) or layer.is_part or layer.options["class"] not in ("eval", "combine", "compare"):
        return
    if "out_type" not in layer.options and _has_derived(build, op):
        layer.options |= {"allow_broadcast_all_sources": True, "out_type": out_type_beside(op.output, op.inputs)}


QUIRK = Quirk("derived_axes", op=_op, layer=_layer)
