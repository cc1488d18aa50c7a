"""Lowering: from the recorded ops to RETURNN layers."""

from __future__ import annotations

from ...passes.joins import Joins
from ...plain.delayed import Delayed
from ...program.program import Program
from ...record.graph import Tensor
from ..layer_graph import in_order, reads
from ..layers import (
    Layer,
    LayerNetwork,
    Reference,
)
from . import rules  # noqa: F401 - fills the table of rules
from .loop_lowering import LoopLowering


class Lowering(LoopLowering):
    """
    One translation of a network, with its losses and outputs: of what the passes make of it.

    :param program: what to translate
    :param device: "cpu" or "gpu": chooses the LSTM unit and the layout of frames; parameters and results are the same
    :param owns_parameters: whether layers own parameters where they can; else each parameter is a layer of its own
    """

    def __init__(self, program: Program, device: str = "gpu", *, owns_parameters: bool = True):
        self.owns_parameters = owns_parameters
        joins = Joins(program)
        super().__init__(joins.run(), device)
        self.rewritten: dict[Tensor, Tensor] = joins.new
        """What the tensors of the program became in what is translated, as far as they are still computed."""

    def known_reference(self, tensor: Tensor | None) -> Reference | None:
        """What was written for a tensor of the user's program."""
        return super().known_reference(None if tensor is None else self.rewritten.get(tensor))

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
        for layer in self.root.layers:
            if layer.options.get("name_scope") == layer.name:
                del layer.options["name_scope"]  # RETURNN's default

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
