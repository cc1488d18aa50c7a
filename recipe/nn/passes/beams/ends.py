"""Ends: a loop that ends for each hypothesis by itself becomes one that ends for whole sequences, and masks."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.elementwise import cast
from ...plain.dim import Dim, batch_dim
from ...record.graph import Tensor
from ...record.loops import FinalState, LoopIndex, LoopOp
from .context import Context, compared, either, for_all, where


class Ends:
    """
    Which hypotheses have ended, and how many of their steps count: states of a loop.

    :param context: of the pass
    :param old: the loop in the old program
    :param loop: the new one, which has no steps yet
    :param around: for which hypotheses a loop around has ended, so that they make no step; None if for none
    :param limit: the number of steps of each, if the input says it
    """

    def __init__(self, context: Context, old: LoopOp, loop: LoopOp, around: Tensor | None, limit: Tensor | None):
        self.context, self.old, self.loop, self.limit = context, old, loop, limit
        self.dims: Sequence[Dim] = [batch_dim, *context.beams_of(context.depending.of_steps(old))]
        with context.recording.at(loop.body):
            ended = context.constant(False, self.dims) if around is None else context.with_dims(around, self.dims)
            if limit is not None:
                ended = either(ended, limit <= 0)
        self._ended = context.state(loop, "ended", ended)
        self._length = context.state(loop, "length", context.constant(0, self.dims))
        self._stays: Tensor | None = None

    @property
    def ended(self) -> Tensor:
        """Which hypotheses do not make this step."""
        return self.context.now(self._ended.output)

    @property
    def length(self) -> Tensor:
        """After the loop: how many steps of each hypothesis count."""
        return self.context.result(FinalState(self.loop, self._length))

    def finish(self, end: Tensor | None) -> None:
        """
        Writes the end of a step.

        :param end: for which hypotheses this step is the last one, now
        """
        context = self.context
        before = self.ended
        ended = before if end is None else either(before, end)
        self._stays = before if self.old.include_eos else ended
        over = ended
        if self.limit is not None:
            over = either(ended, compared("less_equal", self.limit, LoopIndex(self.loop).output + 1))
        self._ended.final = context.with_dims(over, self.dims)
        self._length.final = context.now(self._length.output) + (1 - cast(self._stays, "int32"))
        self.loop.end = for_all(over, [dim for dim in over.dims if dim.is_beam])
        self.loop.include_eos = True

    def counted(self, value: Tensor, before: Tensor) -> Tensor:
        """
        A value of this step where it counts, else the one before.

        A value without batch dim is that of the step if it counts for any hypothesis.
        """
        assert self._stays is not None
        stays = self._stays
        if batch_dim not in value.dims:
            stays = for_all(stays, stays.dims)
        return where(stays, before, value)
