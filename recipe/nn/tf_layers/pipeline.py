"""Pipeline: from the user's program to the layers of a net dict: the passes, the build, losses and outputs."""

from __future__ import annotations

from collections.abc import Collection

from ..ops.inputs import ParameterOp
from ..ops.linear import LinearOp
from ..passes.for_engines import for_engines
from ..passes.joins import Joins
from ..plain.delayed import Delayed
from ..plain.dim import Dim
from ..plain.errors import NetworkError
from ..plain.layer_names import layer_of_output
from ..program.program import Program
from ..record.graph import Tensor
from . import rules  # noqa: F401 - fills the table of rules
from .build import Build
from .hypotheses_as_rows import hypotheses_as_rows
from .layer_graph import in_order, reads
from .layers import Layer, LayerNetwork, Reference
from .loops import write_body
from .quirks import quirks
from .rule import layers_of


class Pipeline:
    """
    One translation of a program, with its losses and outputs.

    :param program: the user's
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
        if device not in ("cpu", "gpu"):
            raise NetworkError(f'a config is for the device "cpu" or "gpu", not {device!r}')
        self.user_parameters = {
            op.path: op for op in program.root_body.ops if isinstance(op, ParameterOp) and op in program.needed
        }
        rewritten = for_engines(program)
        for quirk in quirks(without):
            if quirk.program is not None and quirk.applies(rewritten.program):
                rewritten = rewritten.then(quirk.program(rewritten.program))
        rewritten = rewritten.then(Joins(rewritten.program))
        self.program, self.values = rewritten.program, rewritten.values
        self.build = Build(self.program, device, owns_parameters=owns_parameters, without=without)
        self.output_names: list[str] = []

    def run(self) -> LayerNetwork:
        """The layers of the whole network, with its losses and outputs."""
        build = self.build
        write_body(build, self.program.root_body)
        for loss in self.program.losses:
            self._mark_loss(loss.tensor, loss.name, loss.scale, loss.as_error)
        for name, tensor in self.program.outputs:
            self._mark_output(tensor, name)
        self._finish()
        return build.root

    def _keep_parameters(self, read: Collection[Layer]) -> list[Layer]:
        """
        Has RETURNN make parameters that change nothing: of initial values that no step reads, or of frames of which
        nothing but their number is read.

        The user's program has them, so checkpoints of its training do.

        :param read: the layers that something reads
        :return: the layers of these parameters
        """
        kept = []
        for path, op in self.user_parameters.items():
            if self.build.parameter_holders.get(path) not in read:
                layer = layers_of(op, self.build)[0].layer()
                assert layer is not None
                layer.options["is_output_layer"] = True
                self.output_names.append(layer.name)
                kept.append(layer)
        return kept

    def known_reference(self, tensor: Tensor) -> Reference | None:
        """What was written for a tensor of the user's program, in a search for all hypotheses; None if nothing was."""
        new = self.values.get(tensor)
        if new is None:
            return None
        if isinstance(tensor.op, LinearOp) and isinstance(new.op, LinearOp) and new.op.activation is not None:
            return None  # with an activation function joined to it, it is that one's
        return self.build.references.get(new)

    def beams_of(self, tensor: Tensor) -> tuple[Dim, ...]:
        """The axes over hypotheses that a tensor of the user's program has in what was written for it."""
        new = self.values.get(tensor)
        return () if new is None else tuple(dim for dim in new.dims if dim.is_beam)

    def _finish(self) -> None:
        """Drops layers that nothing refers to, such as constants that are initial values, and orders the others."""
        root = self.build.root
        final = [layer for layer in root.layers if "loss" in layer.options or layer.name in self.output_names]
        read = reads(final)
        read |= reads(self._keep_parameters(read))
        for network in self.build.units.values():
            network.layers = [layer for layer in network.layers if layer in read]
        root.layers = in_order(root, read)
        for layer in root.layers:
            if layer.options.get("name_scope") == layer.name:
                del layer.options["name_scope"]  # RETURNN's default

    def _mark_loss(self, tensor: Tensor, name: str, scale: float | Delayed, as_error: bool) -> None:
        """
        Names the layer of a loss, or a copy of it.

        RETURNN (1.20261022, ``Loss`` in tf/layers/base.py) knows the padding of one axis of a loss alone. So a loss is
        summed along further ones with lengths.
        Test: ops/test_loss.py::test_loss_along_two_axes

        Hypotheses become rows of the batch: their mean is reported, as that of frames.
        """
        root = self.build.root
        reference = self.build.reference(tensor)
        inner_axes = [dim for dim in tensor.dims if dim.is_dynamic][1:]
        if inner_axes:
            options = {"class": "reduce", "from": reference, "mode": "sum", "axis": inner_axes}
            reference = Layer(root, root.unique_name(name), options)
        if any(dim.is_beam for dim in tensor.dims):
            axes = [dim for dim in tensor.dims if dim not in inner_axes]
            reference = hypotheses_as_rows(self.build, reference, tensor.dtype, axes, self._scores_of(tensor))
        layer = reference if isinstance(reference, Layer) and "loss" not in reference.options else None
        if layer is None or layer.has_own_name:
            layer = self.build.copy(root, name, reference)
        self._take_name(layer, name)
        layer.has_own_name = True
        layer.options["loss"] = "as_is"
        if as_error:
            layer.options["loss_opts"] = {"as_error": True}
        elif isinstance(scale, Delayed) or scale != 1.0:
            layer.options["loss_scale"] = scale

    def _scores_of(self, tensor: Tensor) -> Tensor:
        """The scores of the hypotheses that a value is of: of the last search, if it is of several."""
        beams = [dim for dim in tensor.dims if dim.is_beam]
        return next(scores for scores in reversed(self.program.scores) if scores.dims[-1] in beams)

    def _take_name(self, layer: Layer, name: str) -> None:
        """Names a layer of the network itself; another of that name gets a number."""
        root = self.build.root
        for other in root.layers:
            if other is not layer and other.name == name:
                other.name = root.unique_name(name)
        layer.name = name

    def _mark_output(self, tensor: Tensor, name: str) -> None:
        """
        Names the layer of an output, or a copy of it.

        As in the net dict of the discussion, a loop keeps its name; so do parameters, which go by it.
        """
        name = layer_of_output(name)
        source = self.build.reference(tensor)
        if isinstance(source, Layer) and source.name == name and "loss" in source.options:
            source.options["is_output_layer"] = True  # it is a loss of that name
            self.output_names.append(name)
            return
        if any(dim.is_beam for dim in tensor.dims):
            scores = self._scores_of(tensor)
            source = hypotheses_as_rows(self.build, source, tensor.dtype, tensor.dims, scores, tensor.sparse_dim)
        is_free = isinstance(source, Layer) and source.network is self.build.root and not source.has_own_name
        if isinstance(source, Layer) and is_free and source.options["class"] not in ("rec", "variable"):
            layer = source
        else:
            layer = self.build.copy(self.build.root, name, source)
        self._take_name(layer, name)
        layer.has_own_name = True
        layer.options["is_output_layer"] = True
        self.output_names.append(layer.name)
