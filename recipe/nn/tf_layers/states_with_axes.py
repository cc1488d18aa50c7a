"""States of the step before that say their axes, for layers that RETURNN looks at before it knows them."""

from __future__ import annotations

from typing import Any

from ..record.graph import Tensor
from ..record.loops import PreviousOp
from .config_function import ConfigFunction
from .layers import PreviousLayer, Reference
from .out_type import out_type

BEFORE = ConfigFunction(
    '''
    def before(source, self, **_kwargs):
        """The value of the step before, its axes in the order that the layer says."""
        return source(0, as_data=True, auto_convert=False).copy_transpose(self.output.dims).placeholder
    '''
)


def state_with_axes(build: Any, tensor: Tensor, reference: PreviousLayer) -> Reference:
    """
    A layer that reads a state and says its axes: one for all that read it so.

    :param tensor: the state
    :param reference: ``prev:`` of the layer that holds it
    """
    op = tensor.op
    assert isinstance(op, PreviousOp)
    options = {"from": reference, "eval": BEFORE, "out_type": out_type(tensor)}
    name = f"{op.leaf.name}_before"
    made: Reference = build.once(("before", tensor), lambda: build.add_in(reference.network, op, "eval", options, name))
    return made
