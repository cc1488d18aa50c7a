"""What came so far: the values of a tensor in all steps of a loop up to this one."""

from __future__ import annotations

from collections.abc import Iterable

import numpy

from ..plain.dim import Dim, batch_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .as_tensor import as_tensor
from .reduce import Reduce


class CumConcat(Op):
    """All frames up to this step, along the history dim of the loop."""

    name = "cum_concat"
    is_random = True  # it grows in each step, so it stays in its loop

    def __init__(self, x: Tensor):
        super().__init__(x)
        if self.body.loop is None or self.body.branch is not None:
            where = "outside of loops" if self.body.loop is None else "in Cond or MaskedComputation"
            raise NetworkError(f"cum_concat collects one frame of {x} in each step of a loop; it cannot stand {where}")

    def infer(self) -> None:
        """[batch, history, ...]."""
        x, loop = self.inputs[0], self.body.loop
        if batch_dim not in x.dims:
            raise NetworkError(f"cum_concat wants a value per sequence, [batch, ...], but {x} has no batch dim")
        rest = [dim for dim in x.dims if not dim.is_batch]
        self.set_output([batch_dim, *([loop.history_dim] if loop else []), *rest], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """The history of the step before, and this frame behind it."""
        loop = self.body.loop
        assert loop is not None
        step = run.steps[loop]
        frame = numpy.expand_dims(numpy.moveaxis(x, self.inputs[0].dims.index(batch_dim), 0), 1)
        run.set_lengths(loop.history_dim, numpy.full(run.batch_size or 0, step + 1))
        return numpy.concatenate([run.values[self.output], frame], axis=1) if step else frame

    def form(self) -> Form:
        """``cum_concat``."""
        loop = self.body.loop
        assert loop is not None
        return Form("cum_concat", {"from": self.inputs[0], "out_spatial_dim": loop.history_dim})


def _is_reduced(dim: Dim, ops: Iterable[Op]) -> bool:
    return any(isinstance(op, Reduce) and dim in op.axes for op in ops)


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
