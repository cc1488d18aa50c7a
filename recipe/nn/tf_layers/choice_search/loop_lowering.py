"""Lowering of loops: RETURNN's ``rec`` layer, its states, its end, and what leaves it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ops.inputs import ParameterOp
from ...plain.dim import batch_dim
from ...record.graph import Op
from ...record.loops import FinalState, LastOp, LoopOp, ResultOp, StackOp
from ...record.reads import depends_on
from ..layer_graph import references
from ..layers import (
    Layer,
    LayerNetwork,
    PreviousLayer,
    Reference,
    StepReference,
    SubLayer,
)
from .inner_loop_results import InnerLoopResults
from .loop_analysis import (
    can_hold_state,
    choices_behind,
)
from .rule import layers_of
from .state_lowering import StateLowering

if TYPE_CHECKING:
    from ..record.graph import Body


NO_LIMIT = 2**31 - 1
"""RETURNN wants a most number of steps, even where a condition ends the loop: the greatest int32."""


class LoopLowering(StateLowering):
    """What makes a loop a ``rec`` layer with a unit."""

    def _body(self, body: Body) -> None:
        before, self._here = self._here, self._networks[body]
        for op in body.ops:
            if op not in self.network.needed:
                continue
            references = layers_of(op, self)
            if isinstance(op, ParameterOp):
                layer = references[0].layer()
                assert layer is not None
                self._parameters[op] = layer
            for tensor, reference in zip(op.outputs, references):
                self._references[tensor] = reference
        self._here = before

    def loop(self, op: LoopOp) -> None:
        """Makes the ``rec`` layer of a loop."""
        options: dict[str, Any] = {"axis": op.rec_axis, "from": []}
        if op.max_seq_len is not None:
            options["max_seq_len"] = op.max_seq_len
        elif op.inputs:
            options["max_seq_len_via"] = self.reference(op.inputs[0])
        elif op.end is not None and not op.axis_is_known:
            options["max_seq_len"] = NO_LIMIT
        length = self.input_length(op) if op.counts_steps else None
        if length is not None and not op.has_limit:
            longest = {"from": length, "mode": "max", "axis": batch_dim}
            options["max_seq_len_via"] = self._add_in(length.network, op, "reduce", longest, "max_length")
        if op.end is not None or length is not None:
            options["include_eos"] = op.include_eos and length is None
        elif op in self.beam_sizes:
            # else RETURNN goes on scoring hypotheses for one step behind the end of their sequence
            options["include_eos"] = True
        if op in self.beam_sizes:
            options["optimize_move_layers_out"] = False  # outside RETURNN mixes up the beams of layers
        layer = self.add(op, "rec", options)
        if self._here is not self.root:
            layer.options["collocate_with"] = [self.stays_in_loop(self._here)]
        unit = LayerNetwork(self._here)
        layer.options["unit"] = unit
        self._networks[op.body_of_steps] = unit
        self._rec_layers[op] = layer
        before, self._loop_path = self._loop_path, op.module_path()
        if length is not None:
            # [batch] and part of the end condition, so that RETURNN keeps it in the loop
            step = {"class": "eval", "from": [StepReference(unit), length], "eval": "source(0) + 0 * source(1)"}
            self._steps[op] = Layer(unit, unit.unique_name("step"), step), length
        self._body(op.body_of_steps)
        self._find_previous_choice(op, unit)
        states = self._states_of_layers(op, unit)
        self._count_claims(op, states)
        self._states(op, states, unit)
        self._read_states_first(op, states, unit)
        self._end(op, unit, length)
        self._loop_results(op, layer, unit)
        self._give_batch_to_steps(op, unit)
        self._loop_path = before

    def _find_previous_choice(self, op: LoopOp, unit: LayerNetwork) -> None:
        """Says which layer :meth:`previous_choice` is, where that is read."""
        if self.choices(op):
            layer = self._own_layer(self.choices(op)[-1].output, unit)
            self.previous_choice(op, unit).target = layer

    def _give_batch_to_steps(self, op: LoopOp, unit: LayerNetwork) -> None:
        """
        In a loop with an end, RETURNN takes the batch from the first value that it stacks, and fails if that is ``:i``.

        So where something reads ``:i``, another value is stacked first.
        """
        ends = any(layer.name == "end" for layer in unit.layers)
        if ends and any(isinstance(reference, StepReference) for reference in references(unit)):
            if not self.choices(op):
                self.stays_in_loop(unit, is_needed=True)
                return
            # another one, as loops inside would have hypotheses by it
            before = PreviousLayer(unit)
            options = {
                "class": "eval",
                "from": [before, self._never_chosen(op, unit)],
                "eval": "tf.where(source(1), source(0), source(0))",
                "initial_output": self.constant_at_root(0, (batch_dim,), "int32"),
                "is_output_layer": True,
            }
            before.target = Layer(unit, unit.unique_name("In_beam"), options)

    def _end(self, op: LoopOp, unit: LayerNetwork, length: Layer | None) -> None:
        """The ``end`` layer: the loop's condition, or that there is no further input, of this ``length``."""
        conditions = self.conditions_before(op)
        if op.end is not None:
            condition = self.in_steps_of(op, op.end)
            if length is None or not op.include_eos:
                conditions.insert(0, condition)
            else:
                own = condition if isinstance(condition, Layer) and condition.network is unit else None
                if own is None or self._keeps_its_name(own) or not can_hold_state(own):
                    own = self._copy(unit, "ended", condition)
                own.options["initial_output"] = False
                (ended,) = (ref for ref in conditions if isinstance(ref, PreviousLayer))
                ended.target = own
        if conditions and self._here is not self.root:
            conditions.append(self._never_in(unit))  # so RETURNN needs what keeps this loop in the one around
        elif op.end is not None and not op.end.dims:
            conditions.append(self._never_in(unit))
        choices = self.choices(op)
        if conditions and choices and (op.end is None or choices[-1] not in choices_behind(op.end)):
            conditions.insert(0, self._never_chosen(op, unit))  # RETURNN wants an end per hypothesis, and that first
        if len(conditions) > 1:
            either = {"class": "combine", "kind": "logical_or", "from": conditions}
            conditions = [Layer(unit, unit.unique_name("end_of_either"), either)]
        if not conditions:
            return
        (layer,) = conditions
        if isinstance(layer, Layer) and layer.network is unit and "initial_output" not in layer.options:
            layer.name = "end"
            layer.has_own_name = True
        else:
            self._copy(unit, "end", layer).name = "end"

    def _never_in(self, unit: LayerNetwork) -> Layer:
        """False for each sequence, by what stays in the loop around, or in this one where there is none around."""
        kept = self.stays_in_loop(unit if self._here is self.root else self._here)
        return Layer(
            unit, unit.unique_name("never"), {"class": "compare", "from": kept, "kind": "not_equal", "value": 0}
        )

    def _never_chosen(self, op: LoopOp, unit: LayerNetwork) -> Layer:
        """False for each hypothesis after the last choice of a step."""
        options = {
            "class": "compare",
            "from": self.reference(self.choices(op)[-1].output, unit),
            "kind": "less",
            "value": 0,
        }
        return self.once(("never_chosen", op), lambda: Layer(unit, unit.unique_name("never_chosen"), options))

    def _per_hypothesis(self, op: LoopOp, unit: LayerNetwork, layer: Layer) -> Layer:
        """A value once per hypothesis of a search, also if no choice has to do with it: RETURNN does not repeat it."""
        options: dict[str, Any] = {
            "class": "eval",
            "from": [layer, self._never_chosen(op, unit)],
            "eval": "tf.where(source(1), source(0), source(0))",
            "allow_broadcast_all_sources": True,
        }
        if "initial_output" in layer.options:
            options["initial_output"] = layer.options["initial_output"]
        return Layer(unit, unit.unique_name(f"{layer.name}_of_hypotheses"), options)

    def of_hypotheses_before(self, op: Op, source: Reference) -> Layer:
        """A value of a step of a search, once per hypothesis of the step before."""
        options: dict[str, Any] = {
            "from": [source, self.previous_choice(op.body.loop, self._here)],
            "eval": "tf.where(source(1) < 0, source(0), source(0))",
        }
        return self.add(op, "eval", {**options, "allow_broadcast_all_sources": True}, name="of_hypotheses")

    def conditions_before(self, op: LoopOp) -> list[Reference]:
        """
        What says before a step that it is behind the end of a sequence, in a loop over an input that may end before.

        The step of the loop's own condition may count, the step behind the input does not; so if it does, both end
        the loop in the step behind.
        """
        return self.once(("before", op), lambda: self._make_conditions_before(op))[:]

    def _make_conditions_before(self, op: LoopOp) -> list[Reference]:
        if op not in self._steps:
            return []
        unit = self._networks[op.body_of_steps]
        ended = [PreviousLayer(unit)] if op.end is not None and op.include_eos else []
        over = {"class": "compare", "from": list(self._steps[op]), "kind": "greater_equal"}
        return [*ended, Layer(unit, unit.unique_name("end_of_input"), over)]

    def _loop_results(self, op: LoopOp, rec: Layer, unit: LayerNetwork) -> None:
        results = [result for result in op.results if result in self.network.needed]
        if results and self._here is not self.root:
            self._results.update(InnerLoopResults(self, op, rec, unit).references(results))
            return
        stacks = [result for result in results if isinstance(result, StackOp)]
        choices, output = self.choices(op), self._output_of(op)
        for result in stacks + [result for result in results if not isinstance(result, StackOp)]:
            layer = self._own_layer(result.inner, unit)
            if isinstance(result, FinalState) and self.previous(result.previous).target is not None:
                layer = self.previous(result.previous).target
            elif not result.inner.op.body.is_inside(op.body_of_steps):
                layer = self.in_each_step(unit, result.inner)
            elif isinstance(result, LastOp) and layer is not None and layer.options.get("initial_output", 0) != 0:
                layer = None  # a state begins with that value; where there is no step, this is 0
            of_step_before = bool(choices) and choices[-1] not in choices_behind(result.inner)
            if not isinstance(result, StackOp) and rec.options.get("include_eos", True):
                of_step_before = False  # RETURNN compares the last values with the end of the step before, then
            if choices and (of_step_before or not depends_on(result.inner, choices)):
                layer = self._per_hypothesis(
                    op, unit, layer or self._copy(unit, result.name, self.reference(result.inner, unit))
                )
            if result is output:
                self._name_output(unit, layer or self.reference(result.inner, unit))
                self._results[result] = self.with_loop_axis(op, rec)
                continue
            if layer is None:
                layer = self._copy(unit, f"{result.name}", self.reference(result.inner, unit))
            if choices and isinstance(result, LastOp) and not op.include_eos:
                # RETURNN cannot give the last value of each hypothesis but the one in the step of the end
                layer.options["is_output_layer"] = True
                last_frame = InnerLoopResults(self, op, rec, unit)
                self._results[result] = last_frame.last_of_steps(result, SubLayer(rec, layer))
            elif isinstance(result, StackOp):
                layer.options["is_output_layer"] = True
                self._results[result] = self.with_loop_axis(op, SubLayer(rec, layer))
            else:
                layer.options["need_last"] = True
                if result.output.sparse_dim is not None:
                    layer.options.setdefault("initial_output", 0)  # RETURNN does not assume it for labels
                last = Layer(self._here, self._here.unique_name(f"{rec.name}_{layer.name}_last"), {})
                last.options = {"class": "rec_last_output", "rec_layer": rec, "sub_layer_name": _SubLayerName(layer)}
                self._results[result] = last
        if output is None:
            last_choice = self.reference(choices[-1].output, unit) if choices else None
            self._name_output(unit, last_choice or self._any_value(op, unit, results))

    def _name_output(self, unit: LayerNetwork, value: Reference) -> None:
        """Makes a value the layer ``output`` of a loop: its own layer where that is free, else a copy."""
        layer = value if isinstance(value, Layer) and value.network is unit else None
        if layer is None or self._keeps_its_name(layer):
            layer = self._copy(unit, "output", value)
        layer.name = "output"
        layer.has_own_name = True

    def _any_value(self, op: LoopOp, unit: LayerNetwork, results: list[ResultOp]) -> Reference:
        """Something of each step, as RETURNN wants a layer ``output``."""
        if op in self._steps:
            return self._steps[op][0]
        inner = next((result.inner for result in results if not isinstance(result, StackOp)), op.end)
        return self.reference(inner if inner is not None else op.unstacked[0].output, unit)

    def with_loop_axis(self, op: LoopOp, steps: Reference) -> Reference:
        """All steps of a loop, with the axis of its input where that has a fixed size."""
        source = op.length_source
        if not op.has_fixed_length or source is None:
            return steps
        count = {"from": self.reference(source), "axis": op.input_axis}
        position = self.add(op, "range_in_axis", count, name="step_numbers")
        return self.add(op, "gather", {"from": steps, "axis": op.rec_axis, "position": position}, name="steps")


class _SubLayerName(Reference):
    """The name of a layer in a unit, whatever it comes to be."""

    def __init__(self, of: Layer):
        self.of = of

    def text(self, inside: LayerNetwork) -> str:
        return self.of.name

    def layer(self) -> Layer:
        return self.of
