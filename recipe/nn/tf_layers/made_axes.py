"""Axes that are made of lengths: what RETURNN's own layers cannot make in the steps of a loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from .config_function import ConfigFunction
from .layers import Layer, Reference
from .out_type import out_type, type_of

ALONG_AXIS = ConfigFunction(
    '''
    def along_axis(source, self, axis, out_axis, **_kwargs):
        """The same values along another axis, which the other source makes."""
        source(1, as_layer=True)
        x = source(0, as_data=True, auto_convert=False)
        order = list(self.output.dims)
        order[self.output.get_axis_from_description(out_axis)] = x.dims[x.get_axis_from_description(axis)]
        return x.copy_transpose(order).placeholder
    '''
)


def along_axis(build: Any, op: Op, x: Reference, axis: Dim, out_axis: Dim, made: Reference) -> Layer:
    """
    Adds a layer of the op's result, which is a value along another axis.

    :param x: the value
    :param axis: its own axis
    :param out_axis: that of the result
    :param made: what has that axis
    """
    options = {"from": [x, made], "eval": ALONG_AXIS, "eval_locals": {"axis": axis, "out_axis": out_axis}}
    options |= {"allow_broadcast_all_sources": True, "out_type": {"sparse_dim": None, **out_type(op.output)}}
    layer: Layer = build.add(op, "eval", options)
    return layer


def axis_of_lengths(build: Any, op: Op, dim: Dim, source: Reference, formula: str) -> Layer:
    """
    Adds a layer that makes an axis, where the op stands.

    :param dim: the axis
    :param source: what its lengths are computed of: int32, of sequences or their hypotheses, or a scalar
    :param formula: its lengths, of ``source(0)``
    """
    dims = dim.length_dims
    zeros = build.constant_at_root(0, dims, "int32")
    per_sequence: dict[str, Any] = {"from": [source, zeros], "eval": f"{formula} + source(1)"}
    per_sequence |= {"allow_broadcast_all_sources": True, "out_type": type_of(dims, "int32")}
    options = {"from": build.add(op, "eval", per_sequence, name="lengths"), "out_spatial_dim": dim}
    made: list[Dim] = build.once("made axes", list)
    made.append(dim)
    # a name of its own: RETURNN takes axes for one that layers of one name make
    layer: Layer = build.add(op, "range_from_length", options, name=f"axis_{len(made)}")
    return layer


def derived_axis(build: Any, op: Op, axis: Dim, dim: Dim, formula: str) -> Reference:
    """
    What has an axis, the lengths of which follow from those of another one: a layer that makes it, if there is none.

    That stands as far outside of loops as the other axis is known, or is made of lengths itself.

    :param axis: the other one, which the op reads
    :param dim: the axis
    :param formula: its lengths, of those of the other one, ``source(0)``
    """
    known = having(build, op, dim)
    if known is not None:
        return build.reference(known)
    source = having(build, op, axis)
    assert source is not None
    made_itself: Layer | None = build.made("axis", axis)
    before, build.unit = build.unit, made_itself.network if made_itself is not None else build.units[source.op.body]
    made: Reference = build.once(("axis", dim), lambda: _derived_axis(build, op, source, axis, dim, formula))
    build.unit = before
    return made


def _derived_axis(build: Any, op: Op, source: Tensor, axis: Dim, dim: Dim, formula: str) -> Layer:
    reference = build.reference(source)
    reference = build.made("axis", axis) or reference
    length = build.add(op, "length", {"from": reference, "axis": axis}, name="length")
    return axis_of_lengths(build, op, dim, length, formula)


def having(build: Any, op: Op, dim: Dim) -> Tensor | None:
    """What has an axis and is written before an op, as far outside of loops as there is something."""
    found = (_first(build, body, dim) for body in _around(op.body))
    return next((tensor for tensor in found if tensor is not None), None)


def _first(build: Any, body: Body, dim: Dim) -> Tensor | None:
    """The first tensor of a body that has an axis."""
    for op in body.ops:
        for tensor in op.outputs:
            if tensor in build.references and dim in tensor.dims:
                return tensor
    return None


def _around(body: Body | None) -> Iterator[Body]:
    """The network itself, and then the loops around, from the outside to this body."""
    if body is not None:
        yield from _around(body.parent)
        yield body


def makers_of_axes(program: Program) -> dict[Dim, Op]:
    """The first op that has each axis with lengths."""
    makers: dict[Dim, Op] = {}
    for op in program.ops_in_order():
        for tensor in op.outputs:
            for dim in tensor.dims:
                if dim.is_dynamic:
                    makers.setdefault(dim, op)
    return makers
