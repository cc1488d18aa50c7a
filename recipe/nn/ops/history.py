"""What came so far: the values of a tensor in all steps of a loop up to this one."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor


class CumConcat(Op):
    """All frames up to this step, along the history dim of the loop."""

    name = "cum_concat"
    is_random = True  # it grows in each step, so it stays in its loop
    dims_follow_from_inputs = False

    def __init__(self, x: Tensor):
        super().__init__(x)
        if self.body.loop is None:
            raise NetworkError(
                f"cum_concat collects one frame of {x} in each step of a loop; it cannot stand outside of loops"
            )
        if self.body.branch is not None:
            raise NetworkError(
                f"cum_concat collects one frame of {x} in each step of a loop; it cannot stand in Cond or "
                "MaskedComputation. Before that block, collect all frames and whether each counts, "
                "keys = nn.cum_concat(x) and counts = nn.cum_concat(condition), and in attention take "
                "energy = nn.where(counts, energy, -1e9), in sums keys * nn.cast(counts, 'float32')"
            )

    def infer(self) -> None:
        """[batch, history, ...]."""
        x, loop = self.inputs[0], self.body.loop
        if batch_dim not in x.dims:
            raise NetworkError(f"cum_concat wants a value per sequence, [batch, ...], but {x} has no batch dim")
        rest = [dim for dim in x.dims if not dim.is_batch]
        self.set_output([batch_dim, *([loop.history_dim] if loop else []), *rest], sparse_dim=x.sparse_dim)

    def before(self, run: Arrays, *origin: numpy.ndarray) -> numpy.ndarray:
        """The history of the step before."""
        return run.read(self.output)

    def numpy(self, run: Arrays, x: numpy.ndarray, *origin: numpy.ndarray) -> numpy.ndarray:
        """The history of the step before, and this frame after it."""
        loop = self.body.loop
        assert loop is not None
        step = run.steps[loop]
        frame = run.aligned(x, self.inputs[0].dims, self.output.dims)
        run.set_length_of_all(loop.history_dim, step + 1)
        if not step:
            return frame
        return numpy.concatenate([self.before(run, *origin), frame], axis=self.output.dims.index(loop.history_dim))

    def form(self) -> Form:
        """``cum_concat``."""
        loop = self.body.loop
        assert loop is not None
        return Form("cum_concat", {"from": self.inputs[0], "out_spatial_dim": loop.history_dim})


class SelectedHistory(CumConcat):
    """
    The frames so far of each hypothesis of a search: those of the one that it continues, and its own frame.

    :param x: the frame, with the axis over hypotheses
    :param origin: for each hypothesis, which one of the step before it continues: int32 [batch, ..., beam]
    :param beam: the axis over hypotheses
    """

    name = "selected_history"

    def __init__(self, x: Tensor, origin: Tensor, beam: Dim):
        self.beam = beam
        Op.__init__(self, x, origin)

    def before(self, run: Arrays, *origin: numpy.ndarray) -> numpy.ndarray:
        """The history of the step before, as those that go on continue it."""
        dims = self.output.dims
        index = run.aligned(origin[0], self.inputs[1].dims, dims)
        return numpy.take_along_axis(run.read(self.output), index, axis=dims.index(self.beam))

    def form(self) -> Form:
        """A kind of our own."""
        loop = self.body.loop
        assert loop is not None
        x, origin = self.inputs
        return Form("selected_history", {"from": x, "origin": origin, "out_spatial_dim": loop.history_dim})


def cum_concat(x: Tensor) -> Tensor:
    """
    All values of ``x`` in the steps of the loop up to this one.

    All histories of one loop have one dim, so keys and values of attention fit each other::

        energy = nn.dot(query, nn.cum_concat(key))                                   # [batch, history]
        weights = nn.softmax_over_spatial(energy)
        attention = nn.dot(weights, nn.cum_concat(value), reduce=weights.spatial_dim)

    :param x: [batch, ...], a value in a loop
    :return: [batch, history, ...], in step ``i`` (from 0) of length ``i + 1``
    """
    return CumConcat(as_tensor(x)).output
