"""Which RETURNN layer holds which tensor, to compare what both compute: ``nn.check``."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..ops.inputs import ParameterOp
from ..plain.dim import Dim, batch_dim
from ..plain.extern_data import ExternData
from ..program.program import Program
from ..record.graph import Tensor
from .layers import Layer, LayerNetwork, NameOf, Reference, SubLayer
from .out_type import type_of
from .pipeline import Pipeline
from .results import STEPS_OF_INNER_LOOP


class Place(NamedTuple):
    """
    Where RETURNN has a tensor.

    :ivar layer: ``linear``, or ``loop/linear`` for all steps of the loop
    :ivar beams: the axes over hypotheses that it has there, of the steps of searches and of what comes of them
    :ivar is_inner: whether it is of a loop in a loop, with an axis for the steps of each, those of the outer one first
    """

    layer: str
    beams: tuple[Dim, ...]
    is_inner: bool = False


class NetworkWithValues:
    """
    A network whose layers can all be asked for: those in loops are outputs of the loops. Those of loops in loops are,
    too, in layers that read them; RETURNN fails for these where an inner loop makes other numbers of steps each time.

    It can be written as a config, in place of the network (:func:`recipe.nn.tf_layers.config.config_text`).

    :param network: the network
    :param device: what the config is for
    :param inner_loops: whether to have those of loops in loops
    """

    def __init__(self, network: Program, device: str = "cpu", *, inner_loops: bool = False):
        self.network = network
        self._pipeline = Pipeline(network, device)
        self._layers = self._pipeline.run()
        self.places: dict[Tensor, Place] = {}
        """By tensor of the user's program."""
        written = set(self._layers.all_layers())
        for op in network.ops_in_order():
            for tensor in op.outputs:
                reference = self._pipeline.known_reference(tensor)
                if reference is not None and not isinstance(op, ParameterOp):
                    self._note(tensor, reference, written, inner_loops)

    def _note(self, tensor: Tensor, reference: Reference, written: set[Layer], inner_loops: bool) -> None:
        layer = reference.of if isinstance(reference, SubLayer) else reference
        if not isinstance(layer, Layer) or layer not in written or layer.options["class"] == "rec_unstack":
            return
        beams = self._pipeline.beams_of(tensor)
        if layer.network is self._layers:
            self._put(tensor, Place(reference.text(self._layers), beams))
            return
        loop = _loop_of(layer)
        if loop is None or not isinstance(reference, Layer):
            return
        if loop.network is self._layers:
            layer.options.setdefault("is_output_layer", True)
            self._put(tensor, Place(f"{loop.name}/{layer.name}", beams))
            return
        outer = _loop_of(loop)
        if inner_loops and not beams and outer is not None and outer.network is self._layers:
            steps = self._read_from_outer_loop(tensor, layer, loop)
            if steps is not None:
                self._put(tensor, Place(f"{outer.name}/{steps.name}", beams, is_inner=True))

    def _read_from_outer_loop(self, tensor: Tensor, layer: Layer, loop: Layer) -> Layer | None:
        """A layer in the outer loop that has all steps of one in the inner loop."""
        new = self._pipeline.values[tensor]
        if new.op.body.loop is None or self._pipeline.build.rec_layers.get(new.op.body.loop) is not loop:
            return None
        layer.options.setdefault("is_output_layer", True)
        dims = list(new.dims)
        dims.insert(dims.index(batch_dim) + 1 if batch_dim in dims else 0, new.op.body.loop.rec_axis)
        said = {"sparse_dim": None, **type_of(dims, new.dtype, new.sparse_dim)}
        options: dict[str, Any] = {"class": "eval", "from": loop, "eval": STEPS_OF_INNER_LOOP}
        options |= {"eval_locals": {"name": NameOf(layer)}, "out_type": said, "is_output_layer": True}
        return Layer(loop.network, loop.network.unique_name("steps_of_inner_loop"), options)

    def _put(self, tensor: Tensor, place: Place) -> None:
        """Notes a place; of several tensors that became one layer (a linear with its activation) it has the last."""
        for other in [other for other, known in self.places.items() if known.layer == place.layer]:
            del self.places[other]
        self.places[tensor] = place

    @property
    def extern_data(self) -> dict[str, ExternData]:
        """The inputs of the network."""
        return self.network.extern_data

    def layers(self, device: str = "cpu") -> LayerNetwork:
        """The layers, those in loops as outputs of the loops."""
        return self._layers


def _loop_of(layer: Layer) -> Layer | None:
    """The loop that a layer is in the unit of; None for a layer of the network itself."""
    around = layer.network.parent
    if around is None:
        return None
    return next((one for one in around.layers if one.options.get("unit") is layer.network), None)
