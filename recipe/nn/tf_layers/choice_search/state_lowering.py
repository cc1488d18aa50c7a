"""Lowering of states: which layer holds each, and what it begins with."""

from __future__ import annotations

from typing import Any

from ...ops.constants import constant_value
from ...record.graph import Op, Tensor
from ...record.loops import FinalState, LoopOp, PreviousOp, StackOp
from ..layer_graph import references
from ..layers import Layer, LayerNetwork, Reference
from .kept_hypotheses import of_hypotheses
from .loop_analysis import can_be_output, can_hold_state, shape_is_plain, states_of_cycle
from .op_lowering import OpLowering, values_before


class StateLowering(OpLowering):
    """What gives the states of a loop their layers."""

    def _states(self, op: LoopOp, states: list[PreviousOp], unit: LayerNetwork) -> None:
        """Gives each state the layer that holds it: the one that computes its new value, or a copy."""
        for previous in states:
            assert previous.final is not None and previous.initial is not None
            layer = self._own_layer(previous.final, unit)
            is_free = layer is not None and not self._keeps_its_name(layer) and can_hold_state(layer)
            if not previous.final.op.body.is_inside(op.body_of_steps):
                layer = self.in_each_step(unit, previous.final)
                layer.name = unit.unique_name(previous.leaf.name)
                if any(self._must_stay(reader) for reader in self._readers_before(previous)):
                    layer.options["collocate_with"] = [self.stays_in_loop(unit, is_needed=True)]
            elif layer is None or not is_free or self._is_moved_out_and_read_twice(previous):
                layer = self._copy(unit, previous.leaf.name, self.reference(previous.final, unit))
            elif not layer.is_module:
                layer.name = unit.unique_name(previous.leaf.name)
            choice = self._hypotheses.choice_of_state(op, previous)
            if choice is not None:
                layer = of_hypotheses(unit, previous.leaf.name, layer, choice)
            value: Any = constant_value(previous.initial)
            if value is None or len(previous.output.dims) > 2 or not shape_is_plain(layer):
                value = self.reference(previous.initial, unit)
            layer.options["initial_output"] = self._hypotheses.initial(op, previous.initial) or value
            self.previous(previous).target = layer

    def _read_states_first(self, op: LoopOp, states: list[PreviousOp], unit: LayerNetwork) -> None:
        """
        Has RETURNN look at states before it looks at a loop inside that they lead to and that leads to them.

        RETURNN finds shapes by following what layers read. If that leads from a layer that a loop inside reads, through
        the new value of a state, to this loop, it fails, but not if it stops at the state. It follows
        ``initial_output`` before the loop's unit, and does nothing else with it as long as nobody reads ``prev:`` of
        the layer.
        """
        inside = [inner for inner in op.body_of_steps.ops if isinstance(inner, LoopOp) and inner in self._rec_layers]
        for inner in inside:
            read: Reference | None = None
            for state in states_of_cycle(inner, inside, states):
                previous = self.previous(state)
                if read is not None and op in self.beam_sizes:
                    break  # a copy would be of other hypotheses
                if read is not None:
                    options = {"class": "copy", "from": previous, "initial_output": read}
                    read = Layer(unit, unit.unique_name(f"{state.leaf.name}_first"), options)
                else:
                    read = previous
            if read is not None:
                self._rec_layers[inner].options["initial_output"] = read

    def _is_moved_out_and_read_twice(self, previous: PreviousOp) -> bool:
        """
        Whether RETURNN computes a state's new value before the loop, which reads it and that of the step before.

        It cannot do so with one layer.
        """
        final, body = previous.final, previous.loop.body_of_steps
        if final is None or final.op in self.staying(previous.loop):
            return False
        readers = [op for op in body.ops if op in self.network.needed and any(x is final for x in op.inputs)]
        return bool(readers) and any(self._must_stay(op) for op in self._readers_before(previous))

    def _readers_before(self, previous: PreviousOp) -> list[Op]:
        """What reads a state as it was in the step before."""
        ops = previous.loop.body_of_steps.ops
        return [op for op in ops if op in self.network.needed and any(x is previous.output for x in op.inputs)]

    def _states_of_layers(self, op: LoopOp, unit: LayerNetwork) -> list[PreviousOp]:
        """The states that need a layer: not those that an LSTM unit carries on by itself."""
        read = set(references(unit))
        values = [previous.final for previous in op.previous.values()] + [result.inner for result in op.results]
        read.update(self._references[x] for x in [*values, op.end] if x is not None and x in self._references)
        return [
            previous
            for previous in op.previous.values()
            if previous in self.network.needed
            and not previous.is_constant
            and (self.previous(previous) in read or self._starts_result(op, previous))
        ]

    def _starts_result(self, op: LoopOp, previous: PreviousOp) -> bool:
        """Whether a state that no layer reads is a result, for a sequence without steps; not if a unit carries it."""
        if not any(isinstance(result, FinalState) and result.previous is previous for result in op.results):
            return False
        assert previous.final is not None
        maker = previous.final.op
        is_read = any(x is previous.output for x in maker.inputs)
        return not is_read or any(x is previous.final for x in values_before(maker))

    def _count_claims(self, op: LoopOp, states: list[PreviousOp]) -> None:
        """Counts for how many states, and as ``output``, each layer of a loop is wanted."""
        wanted = [previous.final for previous in states]
        output = self._output_of(op)
        if output is not None:
            wanted.append(output.inner)
        self._claims.update(self._references[tensor] for tensor in wanted if tensor is not None)

    def _keeps_its_name(self, layer: Layer) -> bool:
        """
        Whether what wants a layer gets a copy of it instead.

        As in the net dict of the discussion, a module's layer that is a state and the output, too, keeps its name.
        """
        return layer.has_own_name or (layer.is_module and self._claims[layer] > 1)

    def _output_of(self, op: LoopOp) -> StackOp | None:
        """The result of a loop that is its layer ``output``."""
        stacks = [result for result in op.results if isinstance(result, StackOp) and result in self.network.needed]
        choices = self.choices(op)
        return next((result for result in stacks if can_be_output(op, result) and len(choices) < 2), None)

    def _own_layer(self, tensor: Tensor, unit: LayerNetwork) -> Layer | None:
        """The layer in this unit that is this very tensor, if there is one."""
        reference = self.reference(tensor)
        return reference if isinstance(reference, Layer) and reference.network is unit else None
