"""
RETURNN (1.20261022, ``_SubnetworkRecCell._construct_template`` in tf/layers/rec.py) finds the shapes in a loop by
following what its layer ``output`` reads. If that leads to a loop inside before it leads to a layer that makes an axis,
and the loop inside needs to know that axis, because one of its layers says that it has it or reads what has it, it
fails: "dynamic dim undefined".

So ``output`` reads first what makes such axes.
"""

from __future__ import annotations

from typing import Any

from ...record.loops import LoopOp
from ..axes_of_inner_loops import makers_inside
from ..layers import LayerNetwork
from ..output_order import read_first
from .quirk import Quirk


def _loop(build: Any, op: LoopOp, unit: LayerNetwork) -> None:
    makers = list(makers_inside(build, op, unit).values())
    if makers:
        read_first(build, op, unit, makers)


QUIRK = Quirk("axes_before_inner_loops", loop=_loop)
