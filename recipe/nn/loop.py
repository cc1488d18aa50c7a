"""Loop: a Python while loop whose body is recorded once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .delayed import delayed_or
from .dim import Dim, DimLike, as_dim
from .errors import NetworkError
from .loop_ops import LastOp, LoopIndex, LoopOp, UnstackOp
from .number import is_size
from .recording import as_tensor, current_recording
from .state import LoopStates
from .tensor import Tensor

if TYPE_CHECKING:
    from types import TracebackType


class Loop:
    """
    ``with Loop() as loop:`` runs its body once per step, like a ``while`` loop.

    The number of steps comes from :meth:`unstack` (one step per frame), from :meth:`end`, or from both, then
    whichever is first; each sequence of the batch has its own.

    :param axis: the axis that is looped over; default: that of the first unstacked tensor, or a new one
    :param max_seq_len: never more steps than this: a number (or what gives it later), or an int32 scalar tensor
    :param include_eos: whether the step in which the end condition is true counts; see :meth:`end`
    """

    def __init__(
        self,
        axis: DimLike | None = None,
        *,
        max_seq_len: Any = None,
        include_eos: bool | None = None,
    ):
        self.recording = current_recording()
        self.state = LoopStates()
        self.op: LoopOp | None = None
        self._axis = as_dim(axis) if axis is not None else None
        self._max_seq_len = max_seq_len
        self._include_eos = include_eos
        self._index: Tensor | None = None

    @property
    def axis(self) -> Dim:
        """The axis over the steps, which stacked values have."""
        return self._running().get_axis()

    @property
    def iter_idx(self) -> Tensor:
        """The number of the step, from 0: int32 scalar."""
        loop = self._running()
        if self._index is None:
            with self.recording.at(loop.body_of_steps):
                self._index = LoopIndex(loop).output
        return self._index

    def __enter__(self) -> Loop:
        if self.op is not None:
            raise NetworkError("a Loop object runs once; make another nn.Loop() for a second loop")
        limit = as_tensor(self._max_seq_len) if isinstance(self._max_seq_len, Tensor) else None
        steps = None
        if limit is None and self._max_seq_len is not None:
            steps = delayed_or(self._max_seq_len, "max_seq_len", is_size, "a whole number of at least 1")
        self.op = LoopOp(self._axis, max_seq_len=steps, max_seq_len_tensor=limit)
        if self._include_eos is not None:
            self.op.include_eos = self._include_eos
        self.recording.body = self.op.body_of_steps
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.op is not None
        self.recording.body = self.op.body_of_steps.parent or self.recording.root_body
        if kind is None:
            self.op.close()

    def unstack(self, x: Tensor, axis: DimLike | str | None = None) -> Tensor:
        """
        The frame of ``x`` at this step.

        :param x: a value from outside of the loop
        :param axis: which axis of it; default: the loop's, else its only axis with lengths ("T")
        :raises NetworkError: if ``x`` is a value of this loop, or has no such axis
        """
        loop = self._running()
        x = as_tensor(x)
        if x.op.body.is_inside(loop.body_of_steps):
            raise NetworkError(f"{x} is a value inside this loop already: it is one frame, use it as it is")
        if axis is None and loop.axis is not None and loop.axis in x.dims:
            axis = loop.axis
        dim = x.resolve_axis(axis)
        if loop.axis is None:
            loop.axis = dim
        elif dim is not loop.axis:
            raise NetworkError(
                f"this loop runs over {loop.axis}, but {x} would be unstacked over {dim}. Both must be one axis: "
                "one loop has one length"
            )
        return UnstackOp(loop, x).output

    def stack(self, y: Tensor) -> Tensor:
        """The values of ``y`` in all steps, with the loop's axis; to be used after the loop."""
        loop = self._running()
        return loop.stack(self._seen(as_tensor(y)))

    def last(self, y: Tensor) -> Tensor:
        """The value of ``y`` in each sequence's last step, to be used after the loop. May be called after it, too."""
        if self.op is None:
            raise NetworkError("this belongs inside of `with nn.Loop(...) as loop:`, or after it")
        y = self._seen(as_tensor(y))
        op = self.op
        known = [result for result in op.results if isinstance(result, LastOp) and result.inner is y]
        return known[0].output if known else op.add_result(LastOp(op, y)).output

    def end(self, condition: Tensor, *, include_eos: bool | None = None) -> None:
        """
        Ends each sequence in the step in which the condition is true for it.

        :param condition: bool, [batch] or a scalar
        :param include_eos: whether that step still counts (is stacked, and its states are kept); default as given to
            Loop, else False
        """
        loop = self._running()
        condition = as_tensor(condition)
        if condition.dtype != "bool":
            raise NetworkError(f"the end condition must be a comparison (bool), but {condition} is {condition.dtype}")
        if any(not dim.is_batch for dim in condition.dims):
            raise NetworkError(f"the end condition has one value per sequence, [batch], but it is {condition}")
        if loop.end is not None:
            raise NetworkError(f"loop.end(...) was called before, with {loop.end}; join conditions with nn.logical_or")
        loop.end = self._counted(loop.keep(condition))
        if include_eos is not None:
            loop.include_eos = include_eos

    def _counted(self, condition: Tensor) -> Tensor:
        """The condition, and that of the branch in the loop that the end stands in."""
        from .ops.elementwise import logical_and

        branch = self.recording.body.branch
        if branch is None:
            return condition
        counted = logical_and(branch.condition, condition)
        self.recording.exempt.add(counted)
        return counted

    def _seen(self, y: Tensor) -> Tensor:
        """What a value that leaves the loop is outside of the branches in the loop that it may be of."""
        branch = y.op.body.branch
        if self.op is not None and branch is not None and branch.body.is_inside(self.op.body_of_steps):
            return branch.seen_from_outside(y)
        return self.recording.seen_from_here(y)

    def _running(self) -> LoopOp:
        if self.op is None:
            raise NetworkError("this belongs inside of `with nn.Loop(...) as loop:`")
        if self.op.body_of_steps.closed:
            raise NetworkError("the loop is over; this belongs inside of its `with` block")
        return self.op
