"""Which RETURNN layer holds which tensor, to compare what both compute: ``nn.check``."""

from __future__ import annotations

from ..ops.inputs import ParameterOp
from ..plain.extern_data import ExternData
from ..program.program import Program
from ..record.graph import Tensor
from .layers import Layer, LayerNetwork, Reference, SubLayer
from .pipeline import Pipeline


class NetworkWithValues:
    """
    A network whose layers can all be asked for: those in loops are outputs of the loops.

    It can be written as a config, in place of the network (:func:`recipe.nn.tf_layers.config.config_text`).

    :param network: the network
    :param device: what the config is for
    """

    def __init__(self, network: Program, device: str = "cpu"):
        self.network = network
        lowering = Pipeline(network, device)
        self._layers = lowering.run()
        self.places: dict[Tensor, str] = {}
        """Where RETURNN has a tensor: ``linear``, or ``loop/linear`` for all steps of the loop."""
        searches = bool(network.beam_sizes)
        written = set(self._layers.all_layers())
        for op in network.ops_in_order():
            for tensor in op.outputs:
                reference = lowering.known_reference(tensor)
                if reference is not None and not isinstance(op, ParameterOp):
                    self._note(tensor, reference, written, searches)

    def _note(self, tensor: Tensor, reference: Reference, written: set[Layer], searches: bool) -> None:
        layer = reference.of if isinstance(reference, SubLayer) else reference
        if not isinstance(layer, Layer) or layer not in written or layer.options["class"] == "rec_unstack":
            return
        if layer.network is self._layers:
            self._put(tensor, reference.text(self._layers))
            return
        loop = self._loop_of(layer)
        if loop is not None and isinstance(reference, Layer) and not searches:
            layer.options.setdefault("is_output_layer", True)
            self._put(tensor, f"{loop.name}/{layer.name}")

    def _put(self, tensor: Tensor, place: str) -> None:
        """Notes a place; of several tensors that became one layer (a linear with its activation) it has the last."""
        for other in [other for other, known in self.places.items() if known == place]:
            del self.places[other]
        self.places[tensor] = place

    def _loop_of(self, layer: Layer) -> Layer | None:
        """The loop of the network itself that a layer is in the unit of."""
        return next((loop for loop in self._layers.layers if loop.options.get("unit") is layer.network), None)

    @property
    def extern_data(self) -> dict[str, ExternData]:
        """The inputs of the network."""
        return self.network.extern_data

    def layers(self, device: str = "cpu") -> LayerNetwork:
        """The layers, those in loops as outputs of the loops."""
        return self._layers
