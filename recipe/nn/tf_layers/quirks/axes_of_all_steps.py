"""
RETURNN (1.20261022, ``_SubnetworkRecCell.get_output`` in tf/layers/rec.py) gives what leaves a loop other lengths for
each of its steps along an axis that a loop inside has made, or that is made of lengths in the steps, also where they
are the same in each, and most layers want lengths of sequences only.

So such an axis has another Dim in the loop, and outside of it is made of the lengths that it has in any step. The last
value, which RETURNN would keep from step to step, is taken from all values after the loop.
"""

from __future__ import annotations

from typing import Any

from ...ops.array import ReplaceDim
from ...ops.constants import zeros
from ...ops.last_frame import LastFrame
from ...ops.new_axis import RangeFromLength
from ...passes.rewriting import Rewriting
from ...plain.dim import Dim, batch_dim
from ...program.program import Program
from ...record.graph import Body, Op, Tensor
from ...record.loops import LoopOp, ResultOp, StackOp
from ..config_function import ConfigFunction
from ..layers import Layer
from ..made_axes import along_axis, axis_of_lengths, makers_of_axes
from ..out_type import type_of
from .quirk import Quirk

LENGTHS_IN_ANY_STEP = ConfigFunction(
    '''
    def lengths_in_any_step(source, self, axis, **_kwargs):
        """The lengths of sequences along an axis, which are the same in each step of the loop that it comes from."""
        import tensorflow as tf

        x = source(0, as_data=True, auto_convert=False)
        lengths = x.dims[x.get_axis_from_description(axis)].dyn_size_ext
        steps = [number for number, dim in enumerate(lengths.dims) if not dim.is_batch_dim()]
        longest = tf.maximum(tf.reduce_max(lengths.placeholder, axis=steps), 0)
        return tf.broadcast_to(longest, [self.output.dims[0].get_dim_value()])
    '''
)


class _AxisOfAllSteps(ReplaceDim):
    """What left a loop, with the axis that it has outside of the loop."""


class _AxesOfAllSteps(Rewriting):
    def __init__(self, program: Program):
        super().__init__(program)
        self.makers = makers_of_axes(program)
        self.of_step: dict[LoopOp, dict[Dim, Dim]] = {}
        """By loops: the Dims that axes have in their steps, by those that they have outside."""

    def dims_in(self, body: Body) -> dict[Dim, Dim]:
        """Those of the steps that it is, and of those around."""
        loop = body.loop
        return {} if loop is None else {**self.dims_in(loop.body), **self.of_step[loop]}

    def begin_loop(self, op: LoopOp, body: Body) -> LoopOp:
        """With other Dims in its steps for axes that leave it."""
        new = super().begin_loop(op, body)
        around = self.dims_in(op.body)
        new.axis = None if op.axis is None else around.get(op.axis, op.axis)
        new._own_axis = None if op._own_axis is None else around.get(op._own_axis, op._own_axis)
        leaving = dict.fromkeys(dim for result in op.results for dim in result.inner.dims)
        made = [dim for dim in leaving if self._is_made_by_loop_in(op, dim)]
        self.of_step[op] = {dim: dim.with_name(f"{dim.name}_of_step") for dim in made}
        return new

    def _is_made_by_loop_in(self, op: LoopOp, dim: Dim) -> bool:
        """Whether an axis is that of the steps of a loop inside, or made of lengths in the steps, or of such a one."""
        maker = self.makers.get(dim)
        if maker is None or not maker.body.is_inside(op.body_of_steps):
            return False
        return isinstance(maker, (ResultOp, RangeFromLength)) or any(
            self._is_made_by_loop_in(op, d) for x in maker.inputs for d in x.dims
        )

    def copy_result(self, op: ResultOp, body: Body) -> None:
        """With the Dims that axes have outside of the loop."""
        axes = self.of_step[op.result_of]
        if isinstance(op, StackOp) or not any(dim in axes for dim in op.inner.dims):
            super().copy_result(op, body)
            x = self.new[op.output]
        else:
            x = self._last_of_all_steps(op)
        around = self.dims_in(op.body)
        for dim, of_step in axes.items():
            if of_step in x.dims:
                x = _AxisOfAllSteps(x, of_step, around.get(dim, dim)).output
        self.stands_for(op, [x])

    def _last_of_all_steps(self, op: ResultOp) -> Tensor:
        loop, inner = self.loops[op.result_of], self.read(op.inner)
        zero = zeros([], dtype=inner.dtype, sparse_dim=inner.sparse_dim)
        return LastFrame(loop.stack(inner), zero, loop.get_axis()).output


def _op(build: Any, op: Op) -> Layer | None:
    if not isinstance(op, _AxisOfAllSteps):
        return None
    x = build.reference(op.inputs[0])
    options = {"from": x, "eval": LENGTHS_IN_ANY_STEP, "eval_locals": {"axis": op.axis}}
    options["out_type"] = type_of([batch_dim], "int32")
    lengths = build.add(op, "eval", options, name="lengths_in_any_step")
    made = build.once(("axis", op.out_dim), lambda: axis_of_lengths(build, op, op.out_dim, lengths, "source(0)"))
    return along_axis(build, op, x, op.axis, op.out_dim, made)


QUIRK = Quirk("axes_of_all_steps", program=_AxesOfAllSteps, op=_op)
