"""Lowering: from the recorded ops to RETURNN layers."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .delayed import Delayed
from .dim import Dim, batch_dim
from .inner_loop_results import InnerLoopResults
from .layer_graph import in_order, reads, references
from .layers import (
    RESERVED_NAMES,
    InputReference,
    Layer,
    LayerNetwork,
    PreviousLayer,
    Reference,
    StepReference,
    SubLayer,
)
from .loop_ops import FinalState, LastOp, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from .lstm_units import lstm_unit_for
from .op import Op
from .ops.choice import Choice
from .ops.constants import Constant, constant_value
from .ops.history import CumConcat
from .ops.inputs import ParameterOp
from .tensor import Tensor

if TYPE_CHECKING:
    from .network import Network
    from .recording import Body


NO_LIMIT = 2**31 - 1
"""RETURNN wants a most number of steps, even where a condition ends the loop: the greatest int32."""


class Lowering:
    """
    One translation of a network.

    :param network: what to translate
    :param device: "cpu" or "gpu": chooses the LSTM unit and the layout of frames; parameters and results are the same
    """

    is_canonical = False
    """Whether it is for the hash: layers then say what is meant, not how one RETURNN is brought to compute it."""

    def __init__(self, network: Network, device: str = "gpu"):
        self.network = network
        self.device = device
        self.lstm_unit = lstm_unit_for(device)
        self.root = LayerNetwork()
        self.output_names: list[str] = []
        self._networks: dict[Body, LayerNetwork] = {network.root_body: self.root}
        self._references: dict[Tensor, Reference] = {}
        self._previous: dict[PreviousOp, PreviousLayer] = {}
        self._parameters: dict[ParameterOp, Layer] = {}
        self._results: dict[ResultOp, Reference] = {}
        self._steps: dict[LoopOp, tuple[Layer, Layer]] = {}
        self._claims: Counter[Reference] = Counter()
        self._made: dict[Any, Any] = {}
        self._here: LayerNetwork = self.root
        self._loop_path = ""

    def run(self) -> LayerNetwork:
        """The layers of the whole network, with its losses and outputs."""
        self._body(self.network.root_body)
        for loss in self.network.losses:
            self._mark_loss(loss.tensor, loss.name, loss.scale, loss.as_error)
        for name, tensor in self.network.outputs:
            self._mark_output(tensor, name)
        self._finish()
        return self.root

    def _finish(self) -> None:
        """Drops layers that nothing refers to, such as constants that are initial values, and orders the others."""
        final = [layer for layer in self.root.layers if "loss" in layer.options or layer.name in self.output_names]
        read = reads(final)
        for network in [self.root, *self._networks.values()]:
            network.layers = [layer for layer in network.layers if layer in read]
        self.root.layers = in_order(self.root, read)

    # for the ops

    def reference(self, tensor: Tensor, inside: LayerNetwork | None = None) -> Reference:
        """
        What a layer's option says to read this tensor.

        :param inside: where the layer stands; default: where the op stands that is being lowered
        """
        reference = self._references[tensor]
        if isinstance(reference, PreviousLayer) and reference.network is not (inside or self._here):
            # a loop inside cannot read prev: of the one around, only a layer there that has read it
            op, copy_from = tensor.op, reference
            assert isinstance(op, PreviousOp)
            name = f"{op.leaf.name}_before"
            return self.once(("held", op), lambda: self._copy(copy_from.network, name, copy_from))
        here = inside or self._here
        if isinstance(reference, Layer) and here.is_within(reference.network) and self._is_circular(tensor):
            return self.once(("held", tensor), lambda: self._held(reference, tensor, reference.name))
        return reference

    def number(self, tensor: Tensor) -> bool | int | float | None:
        """The number that a layer can hold in place of a scalar constant; None where it must read the tensor."""
        if tensor.dims or not isinstance(tensor.op, Constant):
            return None
        value = tensor.op.value
        return (value.get() if value.is_available() else None) if isinstance(value, Delayed) else value

    def _is_circular(self, tensor: Tensor) -> bool:
        """Whether a value that a loop inside reads depends on states, which may come from there."""
        loop = tensor.op.body.loop
        return loop is not None and tensor.op in self.staying(loop) and not any(dim.is_dynamic for dim in tensor.dims)

    def staying(self, loop: LoopOp) -> set[Op]:
        """The ops that RETURNN surely computes in each step of a loop."""
        return self.once(("staying", loop), lambda: staying_ops(loop, self.network.needed))

    def with_known_shape(self, tensor: Tensor) -> Reference:
        """What a layer in a loop reads that RETURNN cannot try out on a state of which it knows no dims yet."""
        reference = self.reference(tensor)
        if isinstance(reference, PreviousLayer):
            assert isinstance(tensor.op, PreviousOp)
            name = tensor.op.leaf.name
            return self.once(("held", tensor), lambda: self._held(reference, tensor, name))
        return reference

    def _held(self, source: Layer | PreviousLayer, tensor: Tensor, name: str) -> Layer:
        """A copy whose shape RETURNN knows before it knows the states."""
        held = self._copy(source.network, f"{name}_held", source)
        held.options["initial_output"] = self.constant_at_root(0, tensor.dims, tensor.dtype, tensor.sparse_dim)
        return held

    def operand(self, op: Op, tensor: Tensor) -> Reference:
        """
        What a layer reads, where RETURNN broadcasts smaller inputs to the largest.

        If that is from outside of the loop, and RETURNN may move the layer out of it, none would have all dims.
        """
        loop = op.body.loop
        if loop is None or set(tensor.dims) != set(op.output.dims):
            return self.reference(tensor)
        in_loop = [x for x in op.inputs if x.op.body.is_inside(loop.body_of_steps)]
        alone = tensor is next(x for x in op.inputs if set(x.dims) == set(op.output.dims))
        if not alone or not in_loop or any(set(x.dims) == set(op.output.dims) for x in in_loop):
            return self.reference(tensor)
        if op in self.staying(loop):
            return self.reference(tensor)
        return self.in_each_step(self._here, tensor)

    def add(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str | None = None) -> Layer:
        """
        Adds a layer where the op stands.

        :param layer_class: RETURNN's name of the layer
        :param options: its options; values may be references and Dims
        :param name: added to the module's name, where the op is not one layer alone; default: the op's stem
        """
        path = self._relative(op.module_path())
        stem = name if name is not None else ("" if op.is_main else op.name)
        wanted = "_".join(part for part in (path.replace("/", "_"), stem) if part) or op.name
        if wanted in RESERVED_NAMES:
            wanted = f"{wanted}_{op.name}"
        layer = Layer(self._here, self._here.unique_name(wanted), {"class": layer_class, **options}, op.module_path())
        layer.is_module = op.is_main
        if not self.is_canonical and self._must_stay(op):
            layer.options["collocate_with"] = [self.stays_in_loop(self._here, is_needed=True)]
        return layer

    def only_for(self, tensor: Tensor, layer_class: str) -> Layer | None:
        """The layer of a tensor, if it is of this class, stands here, and one op alone reads it."""
        layer = self._references.get(tensor)
        if not isinstance(layer, Layer) or layer.network is not self._here or layer.options["class"] != layer_class:
            return None
        return layer if self.uses[tensor] == 1 else None

    def source(self, tensor: Tensor, of_steps: Op | None = None) -> dict[str, Any]:
        """
        The option ``from`` of a layer; with ``dropout``, where the input is a dropout that nothing else reads.

        :param of_steps: the op, if it must read its input once in each step, see :meth:`in_steps`
        """
        dropout = self.only_for(tensor, "dropout")
        if dropout is None:
            return {"from": self.reference(tensor) if of_steps is None else self.in_steps(of_steps, tensor)}
        dropout.network.remove(dropout)
        return {key: value for key, value in dropout.options.items() if key != "class"}

    def formula(self, tensor: Tensor) -> tuple[Reference, str]:
        """What an ``eval`` of a tensor alone reads, and as what: it takes over an ``eval`` that nothing else reads."""
        layer = self.only_for(tensor, "eval")
        if layer is None or set(layer.options) != {"class", "from", "eval"}:
            return self.reference(tensor), "source(0)"
        sources = layer.options["from"]
        source = sources[0] if isinstance(sources, list) and len(sources) == 1 else sources
        if not isinstance(source, Reference):
            return layer, "source(0)"
        layer.network.remove(layer)
        return source, layer.options["eval"]

    def activation(self, op: Op, kind: str) -> Layer:
        """An activation function of the input: that of a ``linear`` which nothing else reads, else a layer."""
        linear = self.only_for(op.inputs[0], "linear")
        if linear is None or "activation" in linear.options:
            return self.add(op, "activation", {"from": self.reference(op.inputs[0]), "activation": kind})
        linear.options = {"class": "linear", "activation": kind, **linear.options}
        return linear

    @functools.cached_property
    def uses(self) -> Counter[Tensor]:
        """How often each tensor is read: by ops, as a state's value, as a result, loss or output."""
        uses: Counter[Tensor] = Counter(loss.tensor for loss in self.network.losses)
        uses.update(tensor for _, tensor in self.network.outputs)
        for op in self.network.needed:
            uses.update(op.inputs)
            if isinstance(op, PreviousOp):
                uses.update(tensor for tensor in (op.initial, op.final) if tensor is not None)
            elif isinstance(op, ResultOp):
                uses[op.inner] += 1
            elif isinstance(op, LoopOp):
                uses.update(tensor for tensor in (op.end, op.length_source) if tensor is not None)
        return uses

    def _must_stay(self, op: Op) -> bool:
        """
        Whether RETURNN would fail if it moved the op out of its loop.

        That is so for ``prev:`` of what is not computed from frames alone: RETURNN does not find the axis of the steps
        then. And where it does not know the steps before the loop runs, or a constant is collected, it is so for what
        has an axis over the steps so far.
        """
        loop = op.body.loop
        if loop is None or self.choices(loop):
            return False  # in a search none is moved
        if op not in self.staying(loop) and any(not _is_of_frames(value, loop) for value in op.values_before()):
            return True
        body, history = loop.body_of_steps, loop.known_history_dim
        collected = [other.inputs[0] for other in body.ops if isinstance(other, CumConcat)]
        steps_are_known = loop.axis_is_known and not loop.counts_steps and loop.body.loop is None
        steps_are_known = steps_are_known and all(x.op.body.is_inside(body) for x in collected)
        return not steps_are_known and history in [dim for x in (*op.inputs, *op.outputs) for dim in x.known_dims or ()]

    def add_at_root(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str) -> Layer:
        """Adds a layer to the network itself, wherever the op stands: something made of parameters alone."""
        return self._add_in(self.root, op, layer_class, options, name)

    def constant_at_root(
        self, value: bool | int | float | Delayed, dims: tuple[Dim, ...], dtype: str, sparse_dim: Dim | None = None
    ) -> Layer:
        """A constant layer of the network itself, one for all that are alike."""
        options: dict[str, Any] = {"class": "constant", "value": value}
        if dims:
            options["shape"] = dims
        options["dtype"] = dtype
        if sparse_dim is not None:
            options["sparse_dim"] = sparse_dim
        key = ("constant", self.root, repr(value), dims, dtype, sparse_dim)
        return self.once(key, lambda: Layer(self.root, self.root.unique_name("constant"), options))

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gave when this was first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def parameter(self, tensor: Tensor) -> Layer:
        """The ``variable`` layer of a parameter."""
        op = tensor.op
        assert isinstance(op, ParameterOp)
        return self._parameters[op]

    def parameter_map(self, **parameters: Tensor) -> dict[str, Any]:
        """The ``reuse_params`` option that makes a layer use these parameters, by the layer's own names for them."""
        layers = {name: self.parameter(tensor) for name, tensor in parameters.items()}
        return {
            "map": {name: {"layer_output": layer, "shape": layer.options["shape"]} for name, layer in layers.items()}
        }

    def previous(self, op: PreviousOp) -> PreviousLayer:
        """``prev:`` of the layer that will hold the state."""
        if op not in self._previous:
            self._previous[op] = PreviousLayer(self._networks[op.loop.body_of_steps])
        return self._previous[op]

    @property
    def unit(self) -> LayerNetwork:
        """Where the op stands that is being lowered."""
        return self._here

    def step(self) -> StepReference:
        """The number of the step of the loop around."""
        return StepReference(self._here)

    def loop_result(self, op: ResultOp) -> Reference:
        """A value of a loop, from outside."""
        return self._results[op]

    def stays_in_loop(self, unit: LayerNetwork, *, is_needed: bool = False) -> Layer:
        """
        A layer that RETURNN computes in each step, as it depends on itself: 0 for each sequence.

        What is collocated with it stays in the loop, too. Loops in loops must: outside RETURNN has no lengths for them.
        The capital makes it the first in RETURNN's order; see :meth:`_give_batch_to_steps`.

        :param is_needed: whether it is computed even if no layer reads it
        """

        def make() -> Layer:
            zero = self.constant_at_root(0, (batch_dim,), "int32")
            before = PreviousLayer(unit)
            options = {"class": "copy", "from": before, "initial_output": zero}
            before.target = Layer(unit, unit.unique_name("In_loop"), options)
            return before.target

        layer = self.once(("stays_in_loop", unit), make)
        if is_needed:
            layer.options["is_output_layer"] = True
        return layer

    def in_each_step(self, unit: LayerNetwork, tensor: Tensor) -> Layer:
        """A value from outside of a loop, once in each step: with the loop's axis, where RETURNN stacks the steps."""
        formula = "tf.where(tf.greater_equal(source(1), 0), source(0), source(0))"
        options: dict[str, Any] = {
            "class": "eval",
            "from": [self.reference(tensor, unit), StepReference(unit)],
            "eval": formula,
        }
        if not tensor.dims:
            options["out_type"] = {"dtype": tensor.dtype}
        return Layer(unit, unit.unique_name("each_step"), {**options, "allow_broadcast_all_sources": True})

    def in_steps(self, op: Op, tensor: Tensor, *, where_moved: bool = False) -> Reference:
        """
        What an op in a loop reads, once in each step also if it is from outside.

        :param where_moved: only where RETURNN may move the op out of the loop
        """
        loop = op.body.loop
        inside = loop is None or tensor.op.body.is_inside(loop.body_of_steps)
        if loop is None or inside or self.is_canonical:
            return self.reference(tensor)
        if where_moved and (op in self.staying(loop) or self._must_stay(op)):
            return self.reference(tensor)
        return self.once(("in_steps", tensor, self._here), lambda: self.in_each_step(self._here, tensor))

    def in_steps_of(self, loop: LoopOp, tensor: Tensor) -> Reference:
        """A value in a loop, or one from outside of it once in each step."""
        unit = self._networks[loop.body_of_steps]
        if tensor.op.body.is_inside(loop.body_of_steps):
            return self.reference(tensor, unit)
        return self.in_each_step(unit, tensor)

    def input_length(self, op: LoopOp) -> Layer:
        """How many steps the input of a loop allows: a layer where the input stands."""
        source = op.length_source
        assert source is not None
        if op.input_axis.is_static:
            size = {"value": op.input_axis.size, "shape": (batch_dim,), "dtype": "int32"}
            return self._add_in(self._networks[source.op.body], op, "constant", size, "input_length")
        options = {"from": self.reference(source), "axis": op.input_axis}
        return self._add_in(self._networks[source.op.body], op, "length", options, "input_length")

    def step_of(self, op: LoopOp) -> Layer:
        """The number of the step of a loop with an axis of its own: [batch]."""
        return self._steps[op][0]

    def choices(self, loop: LoopOp) -> list[Choice]:
        """The choices by search of each step of a loop, in order."""
        return [op for op in loop.body_of_steps.ops if isinstance(op, Choice) and op in self.network.needed]

    # bodies and loops

    def _body(self, body: Body) -> None:
        before, self._here = self._here, self._networks[body]
        for op in body.ops:
            if op not in self.network.needed:
                continue
            references = op.layer(self)
            if isinstance(references, Reference):
                references = [references]
            if isinstance(op, ParameterOp):
                layer = references[0].layer()
                assert layer is not None
                self._parameters[op] = layer
            for tensor, reference in zip(op.outputs, references):
                self._references[tensor] = reference
        self._here = before

    def _relative(self, path: str) -> str:
        if self._here is not self.root and (path == self._loop_path or path.startswith(f"{self._loop_path}/")):
            return path[len(self._loop_path) :].strip("/")
        return path

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
        elif op in self.network.beam_sizes:
            # else RETURNN goes on scoring hypotheses for one step behind the end of their sequence
            options["include_eos"] = True
        if op in self.network.beam_sizes:
            options["optimize_move_layers_out"] = False  # outside RETURNN mixes up the beams of layers
        layer = self.add(op, "rec", options)
        if self._here is not self.root:
            layer.options["collocate_with"] = [self.stays_in_loop(self._here)]
        unit = LayerNetwork(self._here)
        layer.options["unit"] = unit
        self._networks[op.body_of_steps] = unit
        before, self._loop_path = self._loop_path, op.module_path()
        if length is not None:
            # [batch] and part of the end condition, so that RETURNN keeps it in the loop
            step = {"class": "eval", "from": [StepReference(unit), length], "eval": "source(0) + 0 * source(1)"}
            self._steps[op] = Layer(unit, unit.unique_name("step"), step), length
        self._body(op.body_of_steps)
        states = self._states_of_layers(op, unit)
        self._count_claims(op, states)
        self._states(op, states, unit)
        self._end(op, unit, length)
        self._loop_results(op, layer, unit)
        self._give_batch_to_steps(op, unit)
        self._loop_path = before

    def _give_batch_to_steps(self, op: LoopOp, unit: LayerNetwork) -> None:
        """
        In a loop with an end, RETURNN takes the batch from the first value that it stacks, and fails if that is ``:i``.

        So where something reads ``:i``, another value is stacked first.
        """
        ends = any(layer.name == "end" for layer in unit.layers)
        if ends and any(isinstance(reference, StepReference) for reference in references(unit)):
            kept = self.stays_in_loop(unit, is_needed=True)
            if self.choices(op):
                formula = {"class": "eval", "eval": "tf.where(source(1), source(0), source(0))"}
                kept.options.update({**formula, "from": [kept.options["from"], self._never_chosen(op, unit)]})

    def _states(self, op: LoopOp, states: list[PreviousOp], unit: LayerNetwork) -> None:
        """Gives each state the layer that holds it: the one that computes its new value, or a copy."""
        for previous in states:
            assert previous.final is not None and previous.initial is not None
            layer = self._own_layer(previous.final, unit)
            is_free = layer is not None and not self._keeps_its_name(layer) and _can_hold_state(layer)
            if not previous.final.op.body.is_inside(op.body_of_steps):
                layer = self.in_each_step(unit, previous.final)
                layer.name = unit.unique_name(previous.leaf.name)
                if any(self._must_stay(reader) for reader in self._readers_before(previous)):
                    layer.options["collocate_with"] = [self.stays_in_loop(unit, is_needed=True)]
            elif layer is None or not is_free or self._is_moved_out_and_read_twice(previous):
                layer = self._copy(unit, previous.leaf.name, self.reference(previous.final, unit))
            elif not layer.is_module:
                layer.name = unit.unique_name(previous.leaf.name)
            value: Any = constant_value(previous.initial)
            if value is None or len(previous.output.dims) > 2 or not _shape_is_plain(layer):
                value = self.reference(previous.initial, unit)
            layer.options["initial_output"] = value
            self.previous(previous).target = layer

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
        return not is_read or any(x is previous.final for x in maker.values_before())

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
        return next((result for result in stacks if _can_be_output(op, result) and len(choices) < 2), None)

    def _add_in(self, network: LayerNetwork, op: Op, layer_class: str, options: dict[str, Any], name: str) -> Layer:
        before, self._here = self._here, network
        try:
            return self.add(op, layer_class, options, name=name)
        finally:
            self._here = before

    def _end(self, op: LoopOp, unit: LayerNetwork, length: Layer | None) -> None:
        """The ``end`` layer: the loop's condition, or that there is no further input, of this ``length``."""
        conditions = self.conditions_before(op)
        if op.end is not None:
            condition = self.in_steps_of(op, op.end)
            if length is None or not op.include_eos:
                conditions.insert(0, condition)
            else:
                own = condition if isinstance(condition, Layer) and condition.network is unit else None
                if own is None or self._keeps_its_name(own) or not _can_hold_state(own):
                    own = self._copy(unit, "ended", condition)
                own.options["initial_output"] = False
                (ended,) = (ref for ref in conditions if isinstance(ref, PreviousLayer))
                ended.target = own
        if conditions and self._here is not self.root:
            conditions.append(self._never_in(unit))  # so RETURNN needs what keeps this loop in the one around
        elif op.end is not None and not op.end.dims:
            conditions.append(self._never_in(unit))
        choices = self.choices(op)
        if conditions and choices and (op.end is None or choices[-1] not in _choices_behind(op.end)):
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
            of_step_before = (
                isinstance(result, StackOp) and choices and choices[-1] not in _choices_behind(result.inner)
            )
            if choices and (of_step_before or not _depends_on(result.inner, choices)):
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

    def _own_layer(self, tensor: Tensor, unit: LayerNetwork) -> Layer | None:
        """The layer in this unit that is this very tensor, if there is one."""
        reference = self.reference(tensor)
        return reference if isinstance(reference, Layer) and reference.network is unit else None

    def _copy(self, network: LayerNetwork, name: str, source: Reference) -> Layer:
        copy = Layer(network, network.unique_name(name), {"class": "copy", "from": source})
        before = next((op for op, reference in self._previous.items() if reference is source), None)
        moves = before is not None and not self.choices(before.loop)
        if moves and before is not None and before.final is not None and not _is_of_frames(before.final, before.loop):
            copy.options["collocate_with"] = [self.stays_in_loop(network, is_needed=True)]  # see _must_stay
        return copy

    # losses and outputs

    def _mark_loss(self, tensor: Tensor, name: str, scale: float | Delayed, as_error: bool) -> None:
        reference = self.reference(tensor)
        inner_axes = [dim for dim in tensor.dims if dim.is_dynamic][1:]
        if inner_axes:  # a loss knows the padding of one axis alone
            options = {"class": "reduce", "from": reference, "mode": "sum", "axis": inner_axes}
            reference = Layer(self.root, self.root.unique_name(name), options)
        layer = reference if isinstance(reference, Layer) and "loss" not in reference.options else None
        if layer is None or layer.has_own_name:
            layer = self._copy(self.root, name, reference)
        self._take_name(layer, name)
        layer.has_own_name = True
        layer.options["loss"] = "as_is"
        if as_error:
            layer.options["loss_opts"] = {"as_error": True}
        elif isinstance(scale, Delayed) or scale != 1.0:
            layer.options["loss_scale"] = scale

    def _take_name(self, layer: Layer, name: str) -> None:
        """Names a layer of the network itself; another of that name gets a number."""
        for other in self.root.layers:
            if other is not layer and other.name == name:
                other.name = self.root.unique_name(name)
        layer.name = name

    def _mark_output(self, tensor: Tensor, name: str) -> None:
        """
        Names the layer of an output, or a copy of it.

        As in the net dict of the discussion, a loop keeps its name; so do parameters, which go by it.
        """
        source = self.reference(tensor)
        is_free = isinstance(source, Layer) and source.network is self.root and not source.has_own_name
        if isinstance(source, Layer) and is_free and source.options["class"] not in ("rec", "variable"):
            layer = source
        else:
            layer = self._copy(self.root, name, source)
        self._take_name(layer, name)
        layer.has_own_name = True
        layer.options["is_output_layer"] = True
        self.output_names.append(layer.name)


def _can_be_output(op: LoopOp, result: StackOp) -> bool:
    """Whether RETURNN can stack it as ``output``: in a loop that ends itself it takes any lengths for the loop's."""
    return not (op.counts_steps or not op.axis_is_known) or not any(dim.is_dynamic for dim in result.inner.dims)


def _is_of_frames(tensor: Tensor, loop: LoopOp) -> bool:
    """
    Whether a value of a step is computed from frames, of this or earlier steps, parameters and numbers alone: frames by
    ``rec_unstack``, of which RETURNN knows what the axis of the steps is.
    """
    todo, states = [tensor], set()
    while todo:
        op = todo.pop().op
        if isinstance(op, UnstackOp) and op.loop is loop and not loop.counts_steps:
            continue
        if isinstance(op, PreviousOp) and op.final is not None and op not in states:
            states.add(op)
            todo.append(op.final)
            continue
        read = [x for x in op.inputs if not isinstance(x.op, ParameterOp) and (x.dims or constant_value(x) is None)]
        if not read or isinstance(op, (PreviousOp, ResultOp, UnstackOp)):
            return False
        todo.extend(read)
    return True


def _depends_on(tensor: Tensor, choices: list[Choice]) -> bool:
    """Whether a value depends on a choice, in the same step or one before."""
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        op = todo.pop()
        read = [*op.inputs, *([op.final] if isinstance(op, PreviousOp) and op.final is not None else [])]
        new = {x.op for x in read} - seen
        seen |= new
        todo.extend(new)
    return not seen.isdisjoint(choices)


def _choices_behind(tensor: Tensor) -> set[Op]:
    """The choices of the same step that a value depends on."""
    loop = tensor.op.body.loop
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        new = {x.op for x in todo.pop().inputs if x.op.body.loop is loop} - seen
        seen |= new
        todo.extend(new)
    return {op for op in seen if isinstance(op, Choice)}


def staying_ops(loop: LoopOp, needed: frozenset[Op]) -> set[Op]:
    """
    The ops that RETURNN surely computes in each step of a loop.

    It moves out what no op in the loop reads, and what reads no op in the loop, again and again. What remains leads
    from a state (or choice) to a state, a choice, or the end.
    """
    ops = {op for op in loop.body_of_steps.ops if op in needed}
    reads: dict[Op, set[Op]] = {op: {tensor.op for tensor in op.inputs} & ops for op in ops}
    for op in ops:
        if isinstance(op, PreviousOp) and op.final is not None:
            reads[op] = {op.final.op} & ops
        elif isinstance(op, ResultOp):
            reads[op] = {op.result_of}
        elif isinstance(op, LoopOp):
            reads[op] = {tensor.op for tensor in op.read_from_outside()} & ops
    fixed = {op for op in ops if isinstance(op, (Choice, LoopOp, ResultOp)) or op.is_random}
    ending = {loop.end.op} if loop.end is not None else set()
    gathered = {op for op in ops if isinstance(op, UnstackOp)} if loop.counts_steps else set()
    while True:
        read = {other for op in ops for other in reads[op] & ops}
        moved = {
            op
            for op in ops - fixed
            if (op not in read and op not in ending) or (op not in gathered and not reads[op] & ops)
        }
        if not moved:
            return ops
        ops -= moved


def _can_hold_state(layer: Layer) -> bool:
    """Whether ``prev:`` of a layer may be a state: not of one that is a state already, nor of LSTM units."""
    return "initial_output" not in layer.options and layer.options["class"] != "rec"


_SHAPED_BY_OPTIONS = ("linear", "rec", "get_last_hidden_state")


def _shape_is_plain(layer: Layer) -> bool:
    """Whether RETURNN finds the shape of a state's layer without the state; else its initial value must have dims."""
    if not _has_batch(layer):
        return False
    todo, seen = [layer], set()
    while todo:
        layer = todo.pop()
        if layer in seen or layer.options["class"] in _SHAPED_BY_OPTIONS and "out_dim" in layer.options:
            continue
        seen.add(layer)
        for reference in references(layer.options):
            if isinstance(reference, PreviousLayer):
                return False
            source = reference.layer()
            if source is not None and source.network is layer.network:
                todo.append(source)
    return True


def _has_batch(layer: Layer) -> bool:
    """Whether a layer in a loop reads something else than states, so that RETURNN knows that it has a batch dim."""
    todo, seen = [layer], {layer}
    while todo:
        here = todo.pop()
        for reference in references(here.options.get("from", [])):
            source = reference.layer()
            if isinstance(reference, InputReference) or (source is not None and source.network.parent is None):
                return True
            if source is not None and source not in seen and not isinstance(reference, PreviousLayer):
                seen.add(source)
                todo.append(source)
    return False


class _SubLayerName(Reference):
    """The name of a layer in a unit, whatever it comes to be."""

    def __init__(self, of: Layer):
        self.of = of

    def text(self, inside: LayerNetwork) -> str:
        return self.of.name

    def layer(self) -> Layer:
        return self.of
