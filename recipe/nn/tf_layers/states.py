"""States of a loop: which layer holds each, and what it begins with."""

from __future__ import annotations

from typing import Any

from ..ops.array import Concat
from ..ops.constants import constant_value
from ..ops.expand import Expand
from ..ops.linear import LinearOp
from ..ops.lstm import LstmCellOp
from ..ops.transpose import Transpose
from ..plain.dim import batch_dim
from ..record.graph import Body, Op, Tensor
from ..record.loops import FinalState, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from .build import Build
from .layer_graph import references
from .layers import Layer, LayerNetwork, PreviousLayer, Reference
from .loop_ends import ends_per_sequence


class Claims:
    """
    What wants to be which layer of a loop: states, and the loop's ``output``.

    :param build: what is written
    :param op: the loop, whose steps are written
    :param unit: their layers
    """

    def __init__(self, build: Build, op: LoopOp, unit: LayerNetwork):
        self.build, self.op, self.unit = build, op, unit
        self.states = self._states_of_layers()
        self.output = self._find_output()
        wanted = [state.final for state in self.states] + ([self.output.inner] if self.output is not None else [])
        build.claims.update(build.references[tensor] for tensor in wanted if tensor is not None)

    def keeps_its_name(self, layer: Layer) -> bool:
        """
        Whether what wants a layer gets a copy of it instead.

        As in the net dict of the discussion, a module's layer that is a state and the output, too, keeps its name.
        """
        return layer.has_own_name or (layer.is_module and self.build.claims[layer] > 1)

    def own_layer(self, tensor: Tensor) -> Layer | None:
        """The layer of the steps that is this very tensor, if there is one."""
        reference = self.build.references[tensor]
        return reference if isinstance(reference, Layer) and reference.network is self.unit else None

    def _find_output(self) -> StackOp | None:
        """The result of the loop that is its layer ``output``."""
        stacks = [r for r in self.op.results if isinstance(r, StackOp) and r in self.build.program.needed]
        return next((result for result in stacks if can_be_output(self.build, self.op, result.inner)), None)

    def _states_of_layers(self) -> list[PreviousOp]:
        """The states that need a layer: not those that an LSTM unit carries on by itself."""
        op, build = self.op, self.build
        read = set(references(self.unit))
        values = [previous.final for previous in op.previous.values()] + [result.inner for result in op.results]
        read.update(build.references[x] for x in [*values, op.end] if x is not None and x in build.references)
        return [
            previous
            for previous in op.previous.values()
            if previous in build.program.needed
            and not previous.is_constant
            and (build.previous(previous) in read or self._starts_result(previous))
        ]

    def _starts_result(self, previous: PreviousOp) -> bool:
        """Whether a state that no layer reads is a result, for a sequence without steps; not if a unit carries it."""
        if not any(isinstance(result, FinalState) and result.previous is previous for result in self.op.results):
            return False
        assert previous.final is not None
        maker = previous.final.op
        is_read = any(x is previous.output for x in maker.inputs)
        return not is_read or any(x is previous.final for x in values_before(maker))


def values_before(op: Op) -> list[Tensor]:
    """The values that an op reads as they were in the step before, where its layer reads ``prev:`` of them."""
    previous = [x.op for x in op.inputs if isinstance(x.op, PreviousOp) and x.op.body is op.body]
    before = [state.final for state in previous if state.final is not None and not state.is_constant]
    if isinstance(op, LstmCellOp) and op.carried_by() is not None:
        return [x for x in before if x.op is not op]  # RETURNN carries this state on implicitly
    return before


def can_be_output(build: Build, op: LoopOp, inner: Tensor) -> bool:
    """
    Whether RETURNN can have all steps of a value as ``output``.

    In a loop that ends itself it takes any lengths that the value has for the loop's, and needs a value per sequence if
    the end is one. Over an axis that a layer makes it takes another one of the value for that of the steps.
    """
    has_other_lengths = any(dim.is_dynamic for dim in inner.dims)
    if op.axis_is_known and not op.counts_steps:
        is_of_input = any(op.input_axis in data.dims for data in build.program.extern_data.values())
        return is_of_input or not has_other_lengths
    return not has_other_lengths and (batch_dim in inner.dims or not ends_per_sequence(op, build.axes_beside_batch))


def can_hold_state(layer: Layer) -> bool:
    """Whether ``prev:`` of a layer may be a state: not of one that is a state already, nor of LSTM units."""
    return "initial_output" not in layer.options and layer.options["class"] != "rec"


def write_states(build: Build, op: LoopOp, unit: LayerNetwork, claims: Claims) -> None:
    """Gives each state the layer that holds it: the one that computes its new value, or a copy."""
    for state in claims.states:
        assert state.final is not None and state.initial is not None
        layer = claims.own_layer(state.final)
        if layer is None or claims.keeps_its_name(layer) or not can_hold_state(layer):
            layer = build.copy(unit, state.leaf.name, build.reference(state.final, unit))
        elif not layer.is_module:
            layer.name = unit.unique_name(state.leaf.name)
        layer.options["initial_output"] = _initial(build, state, layer, unit)
        build.previous(state).target = layer


def _initial(build: Build, state: PreviousOp, layer: Layer, unit: LayerNetwork) -> Any:
    """What a state begins with: a number where that says all, else a layer."""
    initial: Tensor | None = state.initial
    assert initial is not None
    number = constant_value(_repeated(initial))
    dims = state.output.dims
    has_few_axes = len(dims) <= 2 and not any(dim.is_beam for dim in dims)
    if number is None or not has_few_axes or _is_read_along_an_axis(state) or not _shape_is_known(state, layer):
        reference: Reference = build.reference(initial, unit)
        return reference
    return number


def _is_read_along_an_axis(state: PreviousOp) -> bool:
    """Whether a layer names an axis of the state, which RETURNN wants to know before it has looked at the state."""
    dims = set(state.output.dims)
    readers = [op for op in state.loop.body_of_steps.ops if any(x is state.output for x in op.inputs)]
    return any(dims & set(op.held_dims) for op in readers if not isinstance(op, (LinearOp, LstmCellOp, Concat)))


def _repeated(tensor: Tensor) -> Tensor:
    """What a value repeats along more axes; else itself."""
    while isinstance(tensor.op, (Expand, Transpose)):
        tensor = tensor.op.inputs[0]
    return tensor


def _shape_is_known(state: PreviousOp, layer: Layer) -> bool:
    """
    Whether RETURNN finds the shape of a state's layer without the state.

    RETURNN (1.20261022, ``_SubnetworkRecCell`` in tf/layers/rec.py) does not find the shape of a state that depends on
    itself alone. So its initial value is a layer with all dims, not a number.
    Test: discussion/test_attention.py::test_history_of_a_loop_with_an_end
    """
    assert state.final is not None
    if not _has_batch(state.final, state.loop.body_of_steps):
        return False
    todo, seen = [layer], set[Layer]()
    while todo:
        here = todo.pop()
        if here in seen or "out_dim" in here.options or "dims" in here.options.get("out_type", {}):
            continue
        seen.add(here)
        for reference in references(here.options):
            if isinstance(reference, PreviousLayer):
                return False
            source = reference.layer()
            if source is not None and source.network is layer.network:
                todo.append(source)
    return True


def _has_batch(tensor: Tensor, body: Body) -> bool:
    """Whether a value of a loop's steps is made of something else per sequence than states, so that RETURNN knows."""
    todo, seen = [tensor], {tensor}
    while todo:
        here = todo.pop()
        op = here.op
        if isinstance(op, PreviousOp) and op.body is body:
            continue
        if op.body is not body or isinstance(op, (UnstackOp, ResultOp)) or not op.inputs:
            if batch_dim in here.dims:
                return True
            continue
        read = [x for x in _giving_axes(op) if x not in seen]
        todo += read
        seen.update(read)
    return False


def _giving_axes(op: Op) -> list[Tensor]:
    """The inputs that a layer has its axes of: those with the most; for ``concat`` and a unit, the first one."""
    inputs = [x for x in op.inputs if batch_dim in x.dims]
    if isinstance(op, (Concat, LstmCellOp)):
        return inputs[:1]
    most = max((len(x.dims) for x in inputs), default=0)
    return [x for x in inputs if len(x.dims) == most]
