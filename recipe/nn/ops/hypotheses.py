"""What beam search does with the values of its hypotheses: those that live on are selected, and followed back."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.graph import Op, Tensor


class Select(Op):
    """
    The values of the hypotheses that live on: ``x[origin]`` along the axis over hypotheses.

    :param x: a value with the axis
    :param origin: for each hypothesis, which one it continues: int32 [batch, ..., beam]
    :param before: the axis of ``x`` over the hypotheses that there were
    :param beam: the axis of ``origin`` over those that there are; it may be the same
    """

    name = "select"

    def __init__(self, x: Tensor, origin: Tensor, before: Dim, beam: Dim):
        self.before, self.beam = before, beam
        super().__init__(x, origin)

    def infer(self) -> None:
        """The dims of the value, with the new axis in place of the old one, and those that only the origin has."""
        x, origin = self.inputs
        dims = [self.beam if dim is self.before else dim for dim in x.dims]
        self.set_output([*dims, *(dim for dim in origin.dims if dim not in dims)], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, origin: numpy.ndarray) -> numpy.ndarray:
        """``numpy.take_along_axis``."""
        tensor, places = self.inputs
        dims = self.output.dims
        values = run.aligned(x, tensor.dims, tuple(self.before if dim is self.beam else dim for dim in dims))
        index = run.aligned(origin, places.dims, dims)
        axis = dims.index(self.beam)
        shape = list(numpy.broadcast_shapes(*([*a.shape[:axis], 1, *a.shape[axis + 1 :]] for a in (values, index))))
        shape[axis] = values.shape[axis]
        return numpy.take_along_axis(numpy.broadcast_to(values, shape), index, axis=axis)


class FollowBack(Op):
    """
    Where each hypothesis that there is at the end was in each step before.

    :param origin: for each hypothesis at the end of a step, which one of the step before it continues: int32 [batch,
        axis, ..., beam]
    :param axis: the axis over the steps
    :param beam: the axis over the hypotheses
    """

    name = "follow_back"

    def __init__(self, origin: Tensor, axis: Dim, beam: Dim):
        self.axis, self.beam = axis, beam
        super().__init__(origin)

    def infer(self) -> None:
        """Those of the origins."""
        self.set_output(self.inputs[0].dims)

    def numpy(self, run: Arrays, origin: numpy.ndarray) -> numpy.ndarray:
        """From each sequence's last step to the first; in the padding after it, where they are at the end."""
        dims = self.inputs[0].dims
        order = (self.axis, *[dim for dim in dims if dim not in (self.axis, self.beam)], self.beam)
        steps = run.aligned(origin, dims, order)
        is_step = numpy.broadcast_to(run.mask(self.axis, order), steps.shape)
        last = numpy.broadcast_to(numpy.arange(steps.shape[-1], dtype="int32"), steps.shape[1:])
        at, places = last, numpy.empty_like(steps)
        for number in reversed(range(len(steps))):
            places[number] = at
            at = numpy.take_along_axis(numpy.where(is_step[number], steps[number], last), at, axis=-1)
        return run.aligned(places, order, self.output.dims)
