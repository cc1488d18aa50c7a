"""
RETURNN (1.20261022, ``RecStepInfoLayer`` in tf/layers/rec.py) knows nothing of the batch for the number of the step,
nor for what is made of it alone, and fails where that is the ``output`` of a loop: "'NoneType' object has no attribute
'copy_set_beam'".

So such an output reads a constant as well, for which RETURNN knows the batch.
"""

from __future__ import annotations

from typing import Any

from ...record.loops import LoopOp
from ..config_function import ConfigFunction
from ..layer_graph import references
from ..layers import Layer, LayerNetwork, Reference, StepReference
from .quirk import Quirk

BESIDE_A_CONSTANT = ConfigFunction(
    '''
    def beside_a_constant(source, **_kwargs):
        """The first source as it is."""
        source(1, as_layer=True)
        return source(0)
    '''
)


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    value = unit.layer("output")
    if not _is_of_the_step_alone(value, unit):
        return
    value.name = unit.unique_name("number")
    value.has_own_name = False
    constant = build.constant_at_root(0, (), "int32")
    options = {
        "class": "eval",
        "from": [value, constant],
        "eval": BESIDE_A_CONSTANT,
        "out_type": build.output_types[op],
    }
    Layer(unit, "output", options).has_own_name = True


def _is_of_the_step_alone(layer: Layer, unit: LayerNetwork) -> bool:
    """Whether a layer is made of nothing but the number of the step."""
    read: list[Reference] = references(layer.options)
    return bool(read) and all(
        isinstance(reference, StepReference)
        or (isinstance(reference, Layer) and reference.network is unit and _is_of_the_step_alone(reference, unit))
        for reference in read
    )


QUIRK = Quirk("numbers_of_steps", loop=_loop)
