"""The best of all entries of two axes together, as beam search needs them."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim
from ..record.arrays import Arrays
from ..record.graph import Op, Tensor


class TopK(Op):
    """
    The greatest entries of two axes together, the greatest first, of equal ones the first; and where they were.

    Results: the entries; their places along the first axis; their places along the second one, as labels of it. Where
    there are fewer entries than places for them, the rest are -inf, from place 0 of both.

    :param x: what is compared, a float
    :param beam: the one axis, over hypotheses
    :param labels: the other one, over labels
    :param out: the axis over what is taken; its size says how many
    """

    name = "top_k"

    def __init__(self, x: Tensor, *, beam: Dim, labels: Dim, out: Dim):
        self.beam, self.labels, self.out = beam, labels, out
        super().__init__(x, outputs=3)

    def infer(self) -> None:
        """Each has the dims of the input with the new axis in place of the two."""
        x = self.inputs[0]
        self.require_float(x)
        dims = [self.out if dim is self.beam else dim for dim in x.dims if dim is not self.labels]
        self.set_output(dims)
        self.set_output(dims, dtype="int32", index=1)
        self.set_output(dims, dtype="int32", sparse_dim=self.labels, index=2)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> tuple[numpy.ndarray, ...]:
        """A stable ``numpy.argsort``."""
        dims = self.outputs[0].dims
        rest = [dim for dim in dims if dim is not self.out]
        x = run.aligned(x, self.inputs[0].dims, (*rest, self.beam, self.labels))
        flat = x.reshape(*x.shape[:-2], -1)
        place = numpy.argsort(-flat, axis=-1, kind="stable")[..., : self.out.size]
        best = numpy.take_along_axis(flat, place, axis=-1)
        missing = [(0, 0)] * len(rest) + [(0, self.out.size - best.shape[-1])]
        best = numpy.pad(best, missing, constant_values=numpy.asarray(-numpy.inf, x.dtype))
        origin, label = numpy.divmod(numpy.pad(place, missing), self.labels.size)
        return tuple(
            run.aligned(array, (*rest, self.out), dims)
            for array in (best, origin.astype("int32"), label.astype("int32"))
        )
