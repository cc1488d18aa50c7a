"""Build: what rules ask for while the ops of a program become layers."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from typing import Any

from ..ops.inputs import ParameterOp
from ..passes.uses import uses
from ..plain.delayed import Delayed
from ..plain.dim import Dim
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp, PreviousOp, ResultOp
from .axis_order import batch_first
from .layers import RESERVED_NAMES, Layer, LayerNetwork, PreviousLayer, Reference, StepReference
from .loop_ends import axes_beside_batch
from .quirks import Quirk, quirks


class Build:
    """
    The layers of a program while they are made.

    :param program: what the passes made of the user's program
    :param device: "cpu" or "gpu": chooses the LSTM unit and the layout of frames; parameters and results are the same
    :param owns_parameters: whether layers own parameters where they can; else each parameter is a layer of its own
    :param without: names of quirks that are left out, for tests of them
    """

    def __init__(
        self,
        program: Program,
        device: str = "gpu",
        *,
        owns_parameters: bool = True,
        without: frozenset[str] = frozenset(),
    ):
        self.program = program
        self.device = device
        self.owns_parameters = owns_parameters
        self.quirks: tuple[Quirk, ...] = quirks(without)
        self.root = LayerNetwork()
        self.unit: LayerNetwork = self.root
        """The net dict in which the op stands that is written."""
        self.loop_path = ""
        """The module of the loop around."""
        self.units: dict[Body, LayerNetwork] = {program.root_body: self.root}
        """The net dicts by the bodies that they are of."""
        self.rec_layers: dict[LoopOp, Layer] = {}
        """The layers of the loops that are written."""
        self.references: dict[Tensor, Reference] = {}
        """What was written for each tensor."""
        self.results: dict[ResultOp, Reference] = {}
        """What leaves the loops that are written."""
        self.output_types: dict[LoopOp, dict[str, Any]] = {}
        """What RETURNN's option ``out_type`` says of the layer ``output`` of each loop."""
        self.claims: Counter[Reference] = Counter()
        """For how many states, and as ``output``, each layer of a loop is wanted."""
        self.parameter_holders: dict[str, Layer] = {}
        """The layers that own parameters, ``variable`` or another one, by the parameters' paths."""
        self._previous: dict[PreviousOp, PreviousLayer] = {}
        self._parameters: dict[ParameterOp, Layer] = {}
        self._made: dict[Any, Any] = {}

    @functools.cached_property
    def uses(self) -> Counter[Tensor]:
        """How often each tensor is read."""
        return uses(self.program)

    @functools.cached_property
    def axes_beside_batch(self) -> set[Dim]:
        """The axes of all values with a batch."""
        return axes_beside_batch(self.program)

    # what is read

    def reference(self, tensor: Tensor, inside: LayerNetwork | None = None) -> Reference:
        """
        What a layer's option says to read this tensor.

        :param inside: where the layer stands; default: where the op stands that is written
        """
        reference, here = self.references[tensor], inside or self.unit
        for quirk in self.quirks:
            if quirk.read is not None:
                reference = quirk.read(self, tensor, reference, here)
        return reference

    def previous(self, op: PreviousOp) -> PreviousLayer:
        """``prev:`` of the layer that will hold the state."""
        if op not in self._previous:
            self._previous[op] = PreviousLayer(self.units[op.loop.body_of_steps])
        return self._previous[op]

    def step(self) -> StepReference:
        """The number of the step of the loop around."""
        return StepReference(self.unit)

    def parameter(self, tensor: Tensor) -> Layer:
        """The ``variable`` layer of a parameter."""
        op = tensor.op
        assert isinstance(op, ParameterOp)
        return self._parameters[op]

    def note_parameter(self, op: ParameterOp, layer: Layer) -> None:
        """Says which layer a parameter is."""
        self._parameters[op] = layer

    def parameter_map(self, **parameters: Tensor) -> dict[str, Any]:
        """The ``reuse_params`` option that makes a layer use these parameters, by the layer's own names for them."""
        layers = {name: self.parameter(tensor) for name, tensor in parameters.items()}
        return {
            "map": {name: {"layer_output": layer, "shape": layer.options["shape"]} for name, layer in layers.items()}
        }

    def dropout(self, rate: float | Delayed | None) -> dict[str, Any]:
        """The options of a layer whose input is dropped out, with a mask entry for each place."""
        return {} if rate is None else {"dropout": rate, "dropout_noise_shape": {"*": None}}

    # what is made

    def add(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str | None = None) -> Layer:
        """
        Adds a layer where the op stands.

        :param layer_class: RETURNN's name of the layer
        :param options: its options; values may be references and Dims
        :param name: added to the module's name, where the op is not one layer alone; default: the user's variable, or
            the op's stem
        """
        path = self._relative(op.module_path())
        stem = name if name is not None else ("" if op.is_main else op.variable or op.name)
        if path.rpartition("/")[2] == stem:
            stem = ""
        wanted = "_".join(part for part in (path.replace("/", "_"), stem) if part) or op.name
        if wanted in RESERVED_NAMES:
            wanted = f"{wanted}_{op.name}"
        layer = Layer(self.unit, self.unit.unique_name(wanted), {"class": layer_class, **options}, op.module_path())
        layer.is_module, layer.is_part, layer.source = op.is_main, name is not None, op.source
        for quirk in self.quirks:
            if quirk.layer is not None:
                quirk.layer(self, op, layer)
        return layer

    def add_in(self, unit: LayerNetwork, op: Op, layer_class: str, options: dict[str, Any], name: str) -> Layer:
        """Adds a layer to another net dict."""
        before, self.unit = self.unit, unit
        try:
            return self.add(op, layer_class, options, name=name)
        finally:
            self.unit = before

    def add_at_root(self, op: Op, layer_class: str, options: dict[str, Any], *, name: str) -> Layer:
        """Adds a layer to the network itself, wherever the op stands: something made of parameters alone."""
        return self.add_in(self.root, op, layer_class, options, name)

    def copy(self, unit: LayerNetwork, name: str, source: Reference) -> Layer:
        """A layer that is the same as another one."""
        return Layer(unit, unit.unique_name(name), {"class": "copy", "from": source})

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
        key = ("constant", repr(value), dims, dtype, sparse_dim)
        return self.once(key, lambda: Layer(self.root, self.root.unique_name("constant"), options))

    def once(self, key: Any, make: Callable[[], Any]) -> Any:
        """What ``make`` gave when this was first asked for."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def made(self, *key: Any) -> Any:
        """What :meth:`once` made; None if it was not asked for."""
        return self._made.get(key)

    def unit_of(self, loop: LoopOp) -> LayerNetwork:
        """The net dict of a loop's steps."""
        return self.units[loop.body_of_steps]

    def _relative(self, path: str) -> str:
        """A module's path, in a loop as seen from the module that the loop is of."""
        if self.unit is not self.root and (path == self.loop_path or path.startswith(f"{self.loop_path}/")):
            return path[len(self.loop_path) :].strip("/")
        return path
