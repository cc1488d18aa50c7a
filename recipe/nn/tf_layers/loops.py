"""Loops: RETURNN's ``rec`` layer with the steps as its unit, how many steps it makes, and its end."""

from __future__ import annotations

from typing import Any

from ..ops.inputs import ParameterOp
from ..plain.dim import batch_dim
from ..record.graph import Body
from ..record.loops import LoopOp
from .build import Build
from .layers import Layer, LayerNetwork, PreviousLayer, Reference, StepReference
from .loop_ends import ends_per_sequence
from .results import write_results
from .rule import layers_of
from .states import Claims, can_hold_state, write_states

NO_LIMIT = 2**31 - 1
"""RETURNN wants a most number of steps, even where a condition ends the loop: the greatest int32."""


def write_body(build: Build, body: Body) -> None:
    """Writes the ops of a body that are needed."""
    before, build.unit = build.unit, build.units[body]
    for op in body.ops:
        if op not in build.program.needed:
            continue
        references = layers_of(op, build)
        if isinstance(op, ParameterOp):
            layer = references[0].layer()
            assert layer is not None
            build.note_parameter(op, layer)
        build.references.update(zip(op.outputs, references))
    build.unit = before


def write_loop(build: Build, op: LoopOp) -> None:
    """Writes a loop: the ``rec`` layer, its steps, its states, its end, and what leaves it."""
    length = input_length(build, op) if op.counts_steps else None
    rec = build.add(op, "rec", {"axis": op.rec_axis, "from": _input(build, op), **_limits(build, op, length)})
    rec.options["optimize_move_layers_out"] = False  # what needs no step is outside already
    unit = build.units[op.body_of_steps] = LayerNetwork(build.unit)
    rec.options["unit"] = unit
    build.rec_layers[op] = rec
    before, build.loop_path = build.loop_path, op.module_path()
    write_body(build, op.body_of_steps)
    claims = Claims(build, op, unit)
    write_states(build, op, unit, claims)
    _write_end(build, op, unit, length, claims)
    write_results(build, op, rec, unit, claims, length)
    for quirk in build.quirks:
        if quirk.loop is not None:
            quirk.loop(build, op, unit)
    build.loop_path = before


def _input(build: Build, op: LoopOp) -> Reference | list[Reference]:
    """
    What the loop has as input: what has its axis, if its steps read nothing along it and RETURNN knows it from nowhere
    else; nothing where they read frames by their position.
    """
    source = op.length_source
    program = build.program
    if source is None or op.counts_steps or any(op.input_axis in data.dims for data in program.extern_data.values()):
        return []
    reads_frames = any(program.is_kept(unstack.output) for unstack in op.unstacked)
    return [] if reads_frames else build.reference(source)


def input_length(build: Build, op: LoopOp) -> Layer:
    """How many steps the input of a loop allows: a layer where the input stands."""
    source = op.length_source
    assert source is not None
    unit = build.units[source.op.body]
    if op.input_axis.is_static:
        size: dict[str, Any] = {"value": op.input_axis.size, "dtype": "int32"}
        if ends_per_sequence(op, build.axes_beside_batch):
            size["shape"] = (batch_dim,)
        return build.add_in(unit, op, "constant", size, "input_length")
    options = {"from": build.reference(source, unit), "axis": op.input_axis}
    return build.add_in(unit, op, "length", options, "input_length")


def _limits(build: Build, op: LoopOp, length: Layer | None) -> dict[str, Any]:
    """
    How many steps it makes at the most, and whether the step of the end counts.

    RETURNN (1.20261022, ``RecLayer`` in tf/layers/rec.py) wants a limit for a loop that an ``end`` ends. So where there
    is none it is the greatest int32.
    Test: discussion/test_end.py::test_end_without_max_seq_len
    """
    options: dict[str, Any] = {}
    if op.max_seq_len is not None:
        options["max_seq_len"] = op.max_seq_len
    elif op.inputs:
        options["max_seq_len_via"] = build.reference(op.inputs[0])
    elif length is not None and op.input_axis.is_static:
        options["max_seq_len"] = op.input_axis.size
    elif length is not None:
        longest = {"from": length, "mode": "max", "axis": batch_dim}
        options["max_seq_len_via"] = build.add_in(length.network, op, "reduce", longest, "max_length")
    elif op.end is not None:
        options["max_seq_len"] = NO_LIMIT
    if op.end is not None or length is not None:
        options["include_eos"] = op.include_eos and length is None
    return options


def _write_end(build: Build, op: LoopOp, unit: LayerNetwork, length: Layer | None, claims: Claims) -> None:
    """
    The layer ``end``: the loop's condition, or that there is no further input, of this ``length``.

    The step of the loop's own condition may count, the step after the input does not; if it does, both end the loop in
    the step after.

    RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) ignores ``end`` where it knows the lengths along
    the axis of the loop. So such a loop has an axis of its own, and an ``end`` that is true after the last frame, too.
    Test: language/test_loop.py::test_end_and_unstack_whichever_is_first
    """
    conditions: list[Reference] = []
    if op.end is not None:
        condition = build.reference(op.end, unit)
        conditions.append(_ended_before(build, unit, condition, claims) if length and op.include_eos else condition)
    if length is not None:
        over = {"class": "compare", "from": [StepReference(unit), length], "kind": "greater_equal"}
        conditions.append(Layer(unit, unit.unique_name("end_of_input"), over))
    if not conditions:
        return
    if len(conditions) > 1:
        either = {"class": "combine", "kind": "logical_or", "from": conditions}
        conditions = [Layer(unit, unit.unique_name("end_of_either"), either)]
    (layer,) = conditions
    if not isinstance(layer, Layer) or layer.network is not unit or claims.keeps_its_name(layer):
        layer = build.copy(unit, "end", layer)
    if "initial_output" in layer.options:
        layer = build.copy(unit, "end", layer)
    layer.name = "end"
    layer.has_own_name = True


def _ended_before(build: Build, unit: LayerNetwork, condition: Reference, claims: Claims) -> Reference:
    """The condition of the step before."""
    own = condition if isinstance(condition, Layer) and condition.network is unit else None
    if own is None or claims.keeps_its_name(own) or not can_hold_state(own):
        own = build.copy(unit, "ended", condition)
    own.options["initial_output"] = False
    before = PreviousLayer(unit)
    before.target = own
    return before
