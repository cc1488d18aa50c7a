"""What leaves a loop: all steps of a value, or each sequence's last one."""

from __future__ import annotations

from typing import Any

from ..plain.dim import batch_dim
from ..record.loops import FinalState, LastOp, LoopOp, ResultOp, StackOp
from .build import Build
from .config_function import ConfigFunction
from .layers import Layer, LayerNetwork, NameOf, Reference, StepReference, SubLayer
from .loop_ends import ends_per_sequence
from .out_type import out_type, type_of
from .states import Claims, can_be_output

STEPS_OF_INNER_LOOP = ConfigFunction(
    '''
    def steps_of_inner_loop(source, self, name, **_kwargs):
        """All steps of a layer in a loop that stands in another one, which RETURNN finds once the loop is made."""
        steps = source(0, as_layer=True).get_sub_layer(name).output
        return steps.copy_transpose(self.output.dims).placeholder
    '''
)
LAST_OF_INNER_LOOP = ConfigFunction(
    '''
    def last_of_inner_loop(source, self, name, **_kwargs):
        """Each sequence's last step of a layer in a loop that stands in another one."""
        last = source(0, as_layer=True).cell.get_layer_last_frame(name)
        return last.copy_transpose(self.output.dims).placeholder
    '''
)


def write_results(
    build: Build, op: LoopOp, rec: Layer, unit: LayerNetwork, claims: Claims, length: Layer | None
) -> None:
    """Writes what leaves a loop; notes it in ``build.results``."""
    results = [result for result in op.results if result in build.program.needed]
    stacks = [result for result in results if isinstance(result, StackOp)]
    for result in stacks + [result for result in results if not isinstance(result, StackOp)]:
        layer = _layer_of(build, result, claims)
        if result is claims.output:
            build.output_types[op] = out_type(result.inner)
            _name_output(build, unit, layer or build.reference(result.inner, unit), claims)
            steps: Reference = rec
            build.results[result] = _with_loop_axis(build, op, steps)
            continue
        if layer is None:
            layer = build.copy(unit, result.name, build.reference(result.inner, unit))
        if isinstance(result, StackOp):
            build.results[result] = _with_loop_axis(build, op, _steps(build, op, result, rec, layer))
        else:
            build.results[result] = _last(build, op, result, rec, layer)
    if claims.output is None:
        _name_output(build, unit, _any_value(build, op, unit, results), claims)


def _layer_of(build: Build, result: ResultOp, claims: Claims) -> Layer | None:
    """The layer in the steps that gives a result, if there is one."""
    if isinstance(result, FinalState):
        target = build.previous(result.previous).target
        if target is not None:
            return target
    layer = claims.own_layer(result.inner)
    if isinstance(result, LastOp) and layer is not None and layer.options.get("initial_output", 0) != 0:
        return None  # a state begins with that value; where there is no step, this is 0
    return layer


def _steps(build: Build, op: LoopOp, result: StackOp, rec: Layer, layer: Layer) -> Reference:
    """
    All steps of a layer.

    RETURNN (1.20261022, ``RecLayer.get_sub_layer`` in tf/layers/rec.py) finds layers of a loop that stands in another
    one only when the inner loop has been made. So functions ask it for them.
    Test: language/test_nested_loops.py::test_several_values_leave_the_inner_loop
    """
    layer.options["is_output_layer"] = True
    if build.unit is build.root:
        return SubLayer(rec, layer)
    options: dict[str, Any] = {"from": rec, "eval": STEPS_OF_INNER_LOOP, "eval_locals": {"name": NameOf(layer)}}
    x = result.output
    dims = [op.rec_axis if dim is op.get_axis() else dim for dim in x.dims]
    options["out_type"] = {"sparse_dim": None, **type_of(dims, x.dtype, x.sparse_dim)}
    return build.add(result, "eval", options)


def _type_of_result(result: ResultOp) -> dict[str, Any]:
    """Of what is read from ``rec``: RETURNN takes over that its output holds labels, unless it is told otherwise."""
    return {"sparse_dim": None, **out_type(result.output)}


def _last(build: Build, op: LoopOp, result: ResultOp, rec: Layer, layer: Layer) -> Reference:
    """Each sequence's last step of a layer."""
    layer.options["need_last"] = True
    if build.unit is not build.root:
        options: dict[str, Any] = {"from": rec, "eval": LAST_OF_INNER_LOOP, "eval_locals": {"name": NameOf(layer)}}
        return build.add(result, "eval", {**options, "out_type": _type_of_result(result)})
    if result.output.sparse_dim is not None:
        layer.options.setdefault("initial_output", 0)  # RETURNN does not assume it for labels
    last = Layer(build.unit, build.unit.unique_name(f"{rec.name}_{layer.name}_last"), {})
    last.options = {"class": "rec_last_output", "rec_layer": rec, "sub_layer_name": NameOf(layer)}
    return last


def _name_output(build: Build, unit: LayerNetwork, value: Reference, claims: Claims) -> None:
    """Makes a value the layer ``output`` of a loop: its own layer where that is free, else a copy."""
    layer = value if isinstance(value, Layer) and value.network is unit else None
    if layer is None or claims.keeps_its_name(layer):
        layer = build.copy(unit, "output", value)
    layer.name = "output"
    layer.has_own_name = True


def _any_value(build: Build, op: LoopOp, unit: LayerNetwork, results: list[ResultOp]) -> Reference:
    """Something of each step, as RETURNN wants a layer ``output``; if nothing else will do, the end or the number."""
    values = [result.inner for result in results if not isinstance(result, StackOp)]
    possible = [value for value in values if can_be_output(build, op, value)]
    if possible:
        build.output_types[op] = out_type(possible[0])
        return build.reference(possible[0], unit)
    if op.axis_is_known and not op.counts_steps:
        build.output_types[op] = type_of([], "int32")
        return StepReference(unit)
    build.output_types[op] = type_of([batch_dim] if ends_per_sequence(op, build.axes_beside_batch) else [], "bool")
    return unit.layer("end")


def _with_loop_axis(build: Build, op: LoopOp, steps: Reference) -> Reference:
    """All steps of a loop, with the axis of its input where that has a fixed size."""
    source = op.length_source
    if not op.has_fixed_length or source is None:
        return steps
    count = {"from": build.reference(source), "axis": op.input_axis}
    position = build.add(op, "range_in_axis", count, name="step_numbers")
    return build.add(op, "gather", {"from": steps, "axis": op.rec_axis, "position": position}, name="steps")
