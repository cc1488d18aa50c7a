"""The translation of a network that is hashed: RETURNN's layers, without what only one RETURNN or one device needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..ops.choice import Choice
from ..ops.inputs import ExternDataOp
from ..plain.dim import single_step_dim
from ..record.loop_op import LoopOp
from ..record.loop_ops import FinalState, PreviousOp, ResultOp, StackOp
from ..record.op import Op
from ..record.tensor import Tensor
from ..tf_layers.layers import Layer, LayerNetwork, Reference, SubLayer
from ..tf_layers.lowering import Lowering
from ..tf_layers.lstm_units import NativeLstm

if TYPE_CHECKING:
    from ..modules.lstm import LstmCellOp
    from ..program.program import Program
    from ..record.recording import Body


class Described(NamedTuple):
    """What a layer is for readers: its module and kind, and the user's line."""

    name: str
    source: str


class CanonicalLowering(Lowering):
    """
    One translation of a network into the layers of its canonical form.

    The ops make the same layers as for RETURNN, but a loop says what it does (states with their initial and new values,
    results) instead of how RETURNN's ``rec`` layer is brought to do it: no copies, no names, nothing that keeps a layer
    in a loop. So how configs are written can change without any change of the hash.

    :param network: what to translate
    """

    is_canonical = True

    def __init__(self, network: Program):
        super().__init__(network)
        self.lstm_unit = AnyLstm()
        self.root = self._here = _LayersWithoutNames()
        self.described: dict[Layer, Described] = {}
        self._states_of_loops: dict[PreviousOp, Layer] = {}
        self._loops: dict[LoopOp, Layer] = {}

    def run_ops(self) -> None:
        """Translates all that is needed; then :meth:`reference` tells the layer of each tensor."""
        self._translate(self.network.root_body)

    def _translate(self, body: Body) -> None:
        for op in body.ops:
            if op not in self.network.needed:
                continue
            first = len(self.root.layers)
            references = op.layer(self)
            if isinstance(references, Reference):
                references = [references]
            for tensor, reference in zip(op.outputs, references):
                self._references[tensor] = reference
            for layer in self.root.layers[first:]:
                self.described.setdefault(layer, _described(op))
            if op.outputs and isinstance(references[0], Layer) and getattr(op, "is_parameter", False):
                self._parameters[op] = references[0]  # type: ignore[index]

    # what ops ask for

    def reference(
        self, tensor: Tensor, inside: LayerNetwork | None = None, *, takes_time_major: bool = False
    ) -> Reference:
        """The layer of a tensor, wherever it stands."""
        return self._references[tensor]

    def scores_of(self, choice: Choice) -> Reference:
        """The layer of a choice's scores."""
        return self._references[choice.inputs[0]]

    def operand(self, op: Op, tensor: Tensor) -> Reference:
        """The layer of a tensor."""
        return self._references[tensor]

    def in_each_step(self, unit: LayerNetwork, tensor: Tensor) -> Any:
        """The layer of a tensor."""
        return self._references[tensor]

    def only_for(self, tensor: Tensor, layer_class: str) -> None:
        """None: each op is a layer of its own, whatever RETURNN can join."""
        return None

    def number(self, tensor: Tensor) -> None:
        """None: numbers are layers, not parts of formulas."""
        return None

    def add(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str | None = None) -> Layer:
        """Adds a layer; what is random says in which loop it is, as it has another value in each step."""
        layer = Layer(self.root, "", {"class": layer_class, **options})
        if op.is_random and op.body.loop is not None:
            layer.options["loop"] = self._loops[op.body.loop]
        return layer

    def add_at_root(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str) -> Layer:
        """Adds a layer."""
        return Layer(self.root, "", {"class": layer_class, **options})

    def step(self) -> Any:
        """The number of the step of the loop around."""
        loop = self._loop_around
        return self.once(("step", loop), lambda: Layer(self.root, "", {"class": "step", "loop": self._loops[loop]}))

    def previous(self, op: PreviousOp) -> Any:
        """A state: what it is before the first step, and what each step makes of it."""
        if op not in self._states_of_loops:
            self._states_of_loops[op] = Layer(self.root, "", {"class": "state", "loop": self._loops[op.loop]})
            name = f"{op.module_path()}/state {op.leaf.name}".strip("/")
            self.described[self._states_of_loops[op]] = Described(name, str(op.source))
        return self._states_of_loops[op]

    def loop(self, op: LoopOp) -> None:
        """A loop: over which axis, and when it ends."""
        options: dict[str, Any] = {"class": "rec", "axis": op.get_axis(), "max_seq_len": op.max_seq_len}
        if op.inputs:
            options["max_seq_len_via"] = self.reference(op.inputs[0])
        if op.axis_is_known:
            options |= {"input_axis": op.input_axis, "input": self._with_axis(op)}
        layer = self._loops[op] = Layer(self.root, "", options)
        around, self._loop_around = self._loop_around, op
        self._translate(op.body_of_steps)
        self._loop_around = around
        for previous, state in self._states_of_loops.items():
            if previous.loop is op:
                assert previous.initial is not None and previous.final is not None
                state.options["initial"] = self.reference(previous.initial)
                state.options["new"] = self.reference(previous.final)
        if op.end is not None:
            layer.options |= {"end": self.reference(op.end), "include_eos": op.include_eos}

    def loop_result(self, op: ResultOp) -> Reference:
        """What leaves a loop."""
        options: dict[str, Any] = {"class": "rec_last_output", "loop": self._loops[op.result_of]}
        if isinstance(op, StackOp):
            options["class"] = "rec_output"
        if isinstance(op, FinalState):
            options["state"] = self._states_of_loops[op.previous]
        else:
            options["from"] = self.reference(op.inner)
        return Layer(self.root, "", options)

    _loop_around: Any = None

    def _with_axis(self, loop: LoopOp) -> Reference:
        """What has the axis of a loop: of several, the first input by name, else what is made first."""
        body: Body | None = loop.body
        bodies: list[Body] = []
        while body is not None:
            bodies.insert(0, body)
            body = body.parent
        having = [
            (op, tensor)
            for body in bodies
            for op in body.ops
            if op in self.network.needed and op is not loop and getattr(op, "result_of", None) is not loop
            for tensor in op.outputs
            if loop.axis in (tensor.known_dims or ()) and tensor in self._references
        ]
        inputs = sorted((op.data.name, tensor) for op, tensor in having if isinstance(op, ExternDataOp))
        return self.reference(inputs[0][1] if inputs else having[0][1])


class AnyLstm(NativeLstm):
    """An LSTM as it is meant, whatever unit computes it."""

    sequence_unit = "lstm"

    def cell(self, lower: Lowering, op: LstmCellOp) -> Any:
        """One step, with its state."""
        x, weight, recurrent, bias, h, c = op.inputs
        options = {
            "unit": self.sequence_unit,
            "from": lower.reference(x),
            "in_dim": op.in_dim,
            "out_dim": op.out_dim,
            "axis": single_step_dim,
            "state": {"h": lower.reference(h), "c": lower.reference(c)},
            "reuse_params": self.parameters(lower, op, weight, recurrent, bias),
        }
        layer = lower.add(op, "rec", options)
        return [layer, SubLayer(layer, "c")]


class _LayersWithoutNames(LayerNetwork):
    def unique_name(self, wanted: str) -> str:
        """The name as it is: nothing reads it."""
        return wanted


def _described(op: Op) -> Described:
    path, kind = op.module_path(), op.name or type(op).__name__
    if isinstance(op, ExternDataOp):
        return Described(op.data.name, str(op.source))
    if getattr(op, "is_parameter", False):
        return Described(op.path, str(op.source))  # type: ignore[attr-defined]
    return Described(path if op.is_main and path else f"{path}/{kind}".strip("/"), str(op.source))
