"""Lowering of ops: what they ask for while they become layers."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from ...ops.choice import Choice
from ...ops.history import CumConcat
from ...ops.inputs import ParameterOp
from ...ops.lstm import LstmCellOp
from ...passes.uses import uses
from ...plain.delayed import Delayed
from ...plain.dim import Dim, batch_dim
from ...program.program import Program
from ...record.graph import Body, Op, Tensor
from ...record.loops import LoopOp, PreviousOp, ResultOp
from ..axis_order import batch_first, is_time_major
from ..layers import (
    RESERVED_NAMES,
    Layer,
    LayerNetwork,
    PreviousLayer,
    Reference,
    StepReference,
    SubLayer,
)
from .kept_hypotheses import KeptHypotheses
from .loop_analysis import is_history_without_steps, is_of_frames, makes_whole_or_bool_of_state, staying_ops
from .lstm_units import lstm_unit_for


def values_before(op: Op) -> list[Tensor]:
    """The values that an op reads as they were in the step before, where its layer reads ``prev:`` of them."""
    previous = [x.op for x in op.inputs if isinstance(x.op, PreviousOp) and x.op.body is op.body]
    before = [state.final for state in previous if state.final is not None and not state.is_constant]
    if isinstance(op, LstmCellOp) and op.carried_by() is not None:
        return [x for x in before if x.op is not op]  # RETURNN carries this state on implicitly
    return before


class OpLowering:
    """
    What ops ask for while they become layers: references, layers, and what keeps a layer in its loop.

    :param network: what to translate
    :param device: "cpu" or "gpu": chooses the LSTM unit and the layout of frames; parameters and results are the same
    """

    owns_parameters = True
    """Whether layers own parameters where they can."""

    def __init__(self, network: Program, device: str = "gpu"):
        self.network = network
        self.device = device
        self.lstm_unit = lstm_unit_for(device)
        self.root = LayerNetwork()
        self.output_names: list[str] = []
        self._networks: dict[Body, LayerNetwork] = {network.root_body: self.root}
        self._rec_layers: dict[LoopOp, Layer] = {}
        self._hypotheses = KeptHypotheses(self)
        self._references: dict[Tensor, Reference] = {}
        self._previous: dict[PreviousOp, PreviousLayer] = {}
        self._parameters: dict[ParameterOp, Layer] = {}
        self._results: dict[ResultOp, Reference] = {}
        self._steps: dict[LoopOp, tuple[Layer, Layer]] = {}
        self._claims: Counter[Reference] = Counter()
        self._made: dict[Any, Any] = {}
        self._here: LayerNetwork = self.root
        self._loop_path = ""

    def reference(
        self, tensor: Tensor, inside: LayerNetwork | None = None, *, takes_time_major: bool = False
    ) -> Reference:
        """
        What a layer's option says to read this tensor.

        :param inside: where the layer stands; default: where the op stands that is being lowered
        :param takes_time_major: whether RETURNN's layer copes with frames in any layout in a search
        """
        reference, here = self._references[tensor], inside or self._here
        kept = self._hypotheses.read(tensor, reference, here)
        if kept is not None:
            return kept
        if isinstance(reference, PreviousLayer) and reference.network is not here:
            # a loop inside cannot read prev: of the one around, only a layer there that has read it
            op, copy_from = tensor.op, reference
            assert isinstance(op, PreviousOp)
            name = f"{op.leaf.name}_before"
            return self.once(("held", op), lambda: self._copy(copy_from.network, name, copy_from))
        if isinstance(reference, Layer) and here.is_within(reference.network) and self._is_circular(tensor):
            return self.once(("held", tensor), lambda: self._held(reference, tensor, reference.name))
        if not takes_time_major and self._is_searching(here):
            # RETURNN brings what it selects hypotheses of in this order, but does not expect it
            return self.in_batch_major(tensor) or reference
        return reference

    def in_batch_major(self, tensor: Tensor) -> Layer | None:
        """A layer of the network itself that has frames from outside of all loops in batch-major layout, if need be."""
        if tensor.op.body is not self.network.root_body:
            return None
        reference = self._references[tensor]
        if batch_dim not in tensor.dims or not isinstance(reference, (Layer, SubLayer)) or not is_time_major(tensor):
            return None
        options = {"from": reference, "enforce_batch_major": True}
        return self.once(
            ("batch_major", tensor),
            lambda: self.add_at_root(tensor.op, "reinterpret_data", options, name="batch_major"),
        )

    def _is_searching(self, network: LayerNetwork | None) -> bool:
        """Whether a net dict is that of the steps of a loop that searches, or in one."""
        units = [self._networks.get(loop.body_of_steps) for loop in self.beam_sizes]
        while network is not None and network not in units:
            network = network.parent
        return network is not None

    def known_reference(self, tensor: Tensor | None) -> Reference | None:
        """What was written for a tensor; None if nothing was."""
        return None if tensor is None else self._references.get(tensor)

    def dropout(self, rate: float | Delayed | None) -> dict[str, Any]:
        """The options of a layer whose input is dropped out, with a mask entry for each place."""
        return {} if rate is None else {"dropout": rate, "dropout_noise_shape": {"*": None}}

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
        stem = name if name is not None else ("" if op.is_main else op.variable or op.name)
        if path.rpartition("/")[2] == stem:
            stem = ""
        wanted = "_".join(part for part in (path.replace("/", "_"), stem) if part) or op.name
        if wanted in RESERVED_NAMES:
            wanted = f"{wanted}_{op.name}"
        layer = Layer(self._here, self._here.unique_name(wanted), {"class": layer_class, **options}, op.module_path())
        layer.is_module = op.is_main
        if layer_class in ("eval", "combine") and makes_whole_or_bool_of_state(op):
            layer.options.setdefault("out_type", {"dtype": op.output.dtype})
        if self._must_stay(op):
            layer.options["collocate_with"] = [self.stays_in_loop(self._here, is_needed=True)]
        return layer

    @functools.cached_property
    def uses(self) -> Counter[Tensor]:
        """How often each tensor is read."""
        return uses(self.network)

    @functools.cached_property
    def beam_sizes(self) -> dict[LoopOp, int | Delayed]:
        """The beam size of each loop that searches."""
        return self.network.beam_sizes

    def _must_stay(self, op: Op) -> bool:
        """
        Whether RETURNN would fail if it moved the op out of its loop.

        That is so for ``prev:`` of what is not computed from frames alone: RETURNN does not find the axis of the steps
        then. And where it does not know the steps before the loop runs, or finds no axis of them, it is so for what
        has an axis over the steps so far.
        """
        loop = op.body.loop
        if loop is None or self.choices(loop):
            return False  # in a search none is moved
        if op not in self.staying(loop) and any(not is_of_frames(value, loop) for value in values_before(op)):
            return True
        history = loop.known_history_dim
        if history is None or history not in [dim for x in (*op.inputs, *op.outputs) for dim in x.known_dims or ()]:
            return False
        return not self.once(("steps", loop), lambda: self._finds_steps_before(loop))

    def _finds_steps_before(self, loop: LoopOp) -> bool:
        """Whether RETURNN, before a loop runs, finds the axis over the steps in what is made of the steps so far."""
        body = loop.body_of_steps
        collected = [op.inputs[0] for op in body.ops if isinstance(op, CumConcat)]
        steps_are_known = loop.axis_is_known and not loop.counts_steps and loop.body.loop is None
        all_of_steps = all(x.op.body.is_inside(body) for x in collected)
        return steps_are_known and all_of_steps and not is_history_without_steps(loop, self.network.needed)

    def add_at_root(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str) -> Layer:
        """Adds a layer to the network itself, wherever the op stands: something made of parameters alone."""
        return self._add_in(self.root, op, layer_class, options, name)

    def constant_at_root(
        self, value: bool | int | float | Delayed, dims: tuple[Dim, ...], dtype: str, sparse_dim: Dim | None = None
    ) -> Layer:
        """A constant layer of the network itself, one for all that are alike."""
        options: dict[str, Any] = {"class": "constant", "value": value}
        if dims:
            options["shape"] = batch_first(dims)
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
        if loop is None or inside:
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

    def unit_of(self, loop: LoopOp) -> LayerNetwork:
        """The net dict of a loop's steps, which is being made or was."""
        return self._networks[loop.body_of_steps]

    def is_unit_of(self, network: LayerNetwork, loop: LoopOp) -> bool:
        """Whether a net dict is that of a loop's steps."""
        return self._networks.get(loop.body_of_steps) is network

    def previous_choice(self, loop: LoopOp | None, unit: LayerNetwork) -> PreviousLayer:
        """``prev:`` of the last choice of a loop, which need not be lowered yet."""
        return self.once(("previous_choice", loop), lambda: PreviousLayer(unit))

    def scores_of(self, choice: Choice) -> Reference:
        """What a choice reads."""
        return self._hypotheses.scores(choice, self.reference(choice.inputs[0]))

    def choices(self, loop: LoopOp) -> list[Choice]:
        """The choices by search of each step of a loop, in order."""
        ops, needed = loop.body_of_steps.ops, self.network.needed
        return self.once(("choices", loop), lambda: [op for op in ops if isinstance(op, Choice) and op in needed])

    def _relative(self, path: str) -> str:
        if self._here is not self.root and (path == self._loop_path or path.startswith(f"{self._loop_path}/")):
            return path[len(self._loop_path) :].strip("/")
        return path

    def _add_in(self, network: LayerNetwork, op: Op, layer_class: str, options: dict[str, Any], name: str) -> Layer:
        before, self._here = self._here, network
        try:
            return self.add(op, layer_class, options, name=name)
        finally:
            self._here = before

    def _copy(self, network: LayerNetwork, name: str, source: Reference) -> Layer:
        copy = Layer(network, network.unique_name(name), {"class": "copy", "from": source})
        before = next((op for op, reference in self._previous.items() if reference is source), None)
        moves = before is not None and not self.choices(before.loop)
        if moves and before is not None and before.final is not None and not is_of_frames(before.final, before.loop):
            copy.options["collocate_with"] = [self.stays_in_loop(network, is_needed=True)]  # see _must_stay
        return copy
