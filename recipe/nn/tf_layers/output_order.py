"""What the layer ``output`` of a loop reads first: RETURNN finds the shapes of the other layers from there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..record.loops import LoopOp
from .config_function import ConfigFunction
from .layers import Layer, LayerNetwork, Reference

AFTER = ConfigFunction(
    '''
    def after(source, self, before, **_kwargs):
        """The last source, after layers that RETURNN has to look at before."""
        for number in range(before):
            source(number, as_layer=True)
        return source(before, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
    '''
)


def read_first(build: Any, op: LoopOp, unit: LayerNetwork, first: Sequence[Reference]) -> None:
    """
    Has RETURNN look at layers of a loop before all others.

    :param unit: the layers of its steps, ``output`` among them
    :param first: those layers
    """
    value = unit.layer("output")
    value.name = unit.unique_name("value")
    value.has_own_name = False
    options = {"class": "eval", "from": [*first, value], "eval": AFTER, "eval_locals": {"before": len(first)}}
    options |= {"allow_broadcast_all_sources": True, "out_type": build.output_types[op]}
    Layer(unit, "output", options).has_own_name = True
