"""What came so far of each hypothesis of a search."""

from __future__ import annotations

from typing import Any

from ...ops.history import SelectedHistory
from ..build import Build
from ..config_function import ConfigFunction
from ..layers import Layer, NameOf
from ..out_type import out_type
from ..rule import rule

CONTINUED_HISTORY = ConfigFunction(
    '''
    def continued_history(source, self, name, beam, **_kwargs):
        """The frame of this step. Before that, ``cum_concat`` is given the history that each hypothesis continues."""
        import tensorflow as tf

        frame = source(0, as_data=True, auto_convert=False)
        origin = source(1, as_data=True, auto_convert=False)
        before = self.network.layers["prev:" + name]
        dims = list(self.output.dims)
        dims = [dims[0], "history", *dims[1:]]
        rest = [dim for dim in dims if dim in origin.dims and dim != beam]
        order = [*rest, beam, *(dim for dim in dims if dim not in rest and dim != beam)]
        history = tf.transpose(before.rec_vars_outputs["state"], [dims.index(dim) for dim in order])
        origin = origin.copy_transpose([*rest, beam]).placeholder
        history = tf.gather(history, origin, axis=len(rest), batch_dims=len(rest))
        before.rec_vars_outputs["state"] = tf.transpose(history, [order.index(dim) for dim in dims])
        return frame.copy_transpose(self.output.dims).placeholder
    '''
)


@rule(SelectedHistory)
def selected_history(op: SelectedHistory, build: Build) -> Layer:
    """``cum_concat``, after an ``eval`` that selects what it goes on with, for which it has no option."""
    loop = op.body.loop
    assert loop is not None
    x, origin = op.inputs
    options: dict[str, Any] = {"from": [build.reference(x), build.reference(origin)], "eval": CONTINUED_HISTORY}
    options |= {"allow_broadcast_all_sources": True, "out_type": out_type(x)}
    frame = build.add(op, "eval", options, name="frame")
    history = build.add(op, "cum_concat", {"from": frame, "out_spatial_dim": loop.history_dim}, name="history")
    frame.options["eval_locals"] = {"name": NameOf(history), "beam": op.beam}
    return history
