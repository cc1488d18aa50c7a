"""Loop: a Python while loop whose body is recorded once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, overload

from ..ops.as_tensor import as_tensor
from ..ops.elementwise import logical_and
from ..ops.structures import for_each_part
from ..plain.delayed import Delayed, delayed_or
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError, user_frame
from ..plain.familiar_members import no_attribute
from ..plain.familiar_results import OF_LOOPS
from ..plain.number import is_size
from ..record.graph import Tensor, note_variables
from ..record.loops import LoopIndex, LoopOp, UnstackOp
from ..record.recording import current_recording
from ..record.unknown_start import wrong_type
from .branch import check_result_in_branch
from .close_loop import close, last
from .from_outside import from_outside
from .rebinding import PythonVariables
from .state import LoopStates

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
        self._state = LoopStates(lambda: self.op)
        self.op: LoopOp | None = None
        self._axis = _loop_axis(axis)
        self._max_seq_len = _step_limit(max_seq_len)
        self._include_eos = include_eos
        self._index: Tensor | None = None
        self._variables: PythonVariables | None = None

    @property
    def state(self) -> LoopStates:
        """The states of the loop, as attributes."""
        return self._state

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "state":
            raise NetworkError("loop.state holds the states; assign each by its name: loop.state.NAME = value")
        if name in ("axis", "max_seq_len", "include_eos", "iter_idx"):
            raise NetworkError(f"loop.{name} cannot be changed: it is said where the loop is made, nn.Loop({name}=...)")
        if not name.startswith("_") and name not in ("recording", "op"):
            raise NetworkError(
                f"a Loop has no {name!r}, and would not carry it on. A state is loop.state.{name} = value"
            )
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_LOOPS)

    def __iter__(self) -> NoReturn:
        raise NetworkError(
            "a Loop is not iterated over: write `with nn.Loop() as loop:`, and in it x = loop.unstack(sequence), "
            "the frame of each step"
        )

    def __getitem__(self, index: Any) -> NoReturn:
        raise NetworkError("a Loop has no parts by number: loop.unstack(x) is a frame, loop.state.NAME a state")

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise NetworkError("a Loop is not called: its body stands in `with nn.Loop() as loop:`")

    @property
    def axis(self) -> Dim:
        """The axis over the steps, which stacked values have; in the loop and after it."""
        if self.op is None:
            raise NetworkError("loop.axis is known inside of `with nn.Loop(...) as loop:`, and after it")
        return self.op.get_axis()

    @property
    def iter_idx(self) -> Tensor:
        """The number of the step, from 0: int32 scalar."""
        loop = self._running("loop.iter_idx")
        if self._index is None:
            with self.recording.at(loop.body_of_steps):
                self._index = LoopIndex(loop).output
        return self._index

    def __enter__(self) -> Loop:
        if self.op is not None:
            raise NetworkError("a Loop object runs once; make another nn.Loop() for a second loop")
        self._variables = PythonVariables()
        limit = self._max_seq_len
        if isinstance(limit, Tensor):
            self.op = LoopOp(self._axis, max_seq_len=None, max_seq_len_tensor=limit)
        else:
            self.op = LoopOp(self._axis, max_seq_len=limit, max_seq_len_tensor=None)
        if self._include_eos is not None:
            self.op.include_eos = self._include_eos
        self.recording.body = self.op.body_of_steps
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self.op is not None
        self.recording.body = self.op.body_of_steps.parent or self.recording.root_body
        variables, self._variables = self._variables, None  # which holds the user's frame
        note_variables(user_frame())
        if kind is not None:
            return
        if variables is not None:
            variables.warn_of_rebound(self.op)
        close(self.op)
        self._state.warn_of_misspelled(self.op)

    def __instead_of_tensor__(self) -> str:
        return "a Loop. Its values are loop.stack(x), loop.last(x) and loop.state.NAME"

    @overload
    def unstack(self, x: Tensor, axis: DimLike | str | None = None) -> Tensor: ...
    @overload
    def unstack(self, x: Any, axis: DimLike | str | None = None) -> Any: ...
    def unstack(self, x: Any, axis: DimLike | str | None = None) -> Any:
        """
        The frame of ``x`` at this step.

        :param x: a value from outside of the loop, or one that could as well be computed there; or a structure of such
        :param axis: which axis of it; default: the loop's, else its only axis with lengths ("T")
        :raises NetworkError: if ``x`` is a value of the steps, or has no such axis
        """
        loop = self._running("loop.unstack(x)")
        return for_each_part(lambda part: self._frame(loop, part, axis), x)

    @staticmethod
    def _frame(loop: LoopOp, x: Tensor, axis: DimLike | str | None) -> Tensor:
        if x.op.body.is_inside(loop.body_of_steps) and _may_have_axis(x, axis, loop.axis):
            x = from_outside(loop, x)
        if x.op.body.is_inside(loop.body_of_steps):
            raise NetworkError(f"{x} is a value inside this loop already: it has one value per step, use it as it is")
        if axis is None and loop.axis is not None and loop.axis in x.dims:
            axis = loop.axis
        dim = x.resolve_axis(axis)
        if dim.is_batch:
            raise NetworkError(f"{x} cannot be unstacked over the batch: all sequences are computed side by side")
        if loop.axis is None:
            loop.axis = dim
        elif dim is not loop.axis:
            raise NetworkError(
                f"this loop runs over {loop.axis}, but {x} would be unstacked over {dim}. Both must be one axis: "
                "one loop has one length"
            )
        return UnstackOp(loop, x).output

    @overload
    def stack(self, y: Tensor) -> Tensor: ...
    @overload
    def stack(self, y: Any) -> Any: ...
    def stack(self, y: Any) -> Any:
        """The values of ``y``, or of each part of it, in all steps, with the loop's axis; to be used after the loop."""
        loop = self._running("loop.stack(y)")

        def stacked(part: Tensor) -> Tensor:
            check_result_in_branch(loop, part, "stack")
            return loop.stack(self._seen(part))

        return for_each_part(stacked, y)

    @overload
    def last(self, y: Tensor) -> Tensor: ...
    @overload
    def last(self, y: Any) -> Any: ...
    def last(self, y: Any) -> Any:
        """
        The value of ``y``, or of each part of it, in each sequence's last step, to be used after the loop.

        May be called after it, too.
        """
        loop = self.op
        if loop is None:
            raise NetworkError("loop.last(y) belongs inside of `with nn.Loop(...) as loop:`, or after it")

        def last_of(part: Tensor) -> Tensor:
            check_result_in_branch(loop, part, "last")
            return last(loop, self._seen(part))

        return for_each_part(last_of, y)

    def end(self, condition: Tensor, *, include_eos: bool | None = None) -> None:
        """
        Ends each sequence in the step in which the condition is true for it.

        :param condition: bool, [batch] or a scalar
        :param include_eos: whether that step still counts (is stacked, and its states are kept); default as given to
            Loop, else False
        """
        loop = self._running("loop.end(condition)")
        if isinstance(condition, bool):
            raise NetworkError(f"loop.end wants a comparison of tensors, such as label == 0, not {condition}")
        condition = as_tensor(condition)
        if condition.dtype != "bool":
            message = (
                f"the end condition must be a comparison (bool), but {condition} is {condition.dtype}: write x == ..., "
                "x > ... or the like"
            )
            raise wrong_type(condition, "bool", message)
        if any(not dim.is_batch for dim in condition.dims):
            raise NetworkError(
                f"the end condition has one value per sequence, [batch], but it is {condition}. For all or any of "
                "several, reduce first: nn.reduce_min(nn.cast(condition, 'int32')) == 1, or nn.reduce_max"
            )
        if not loop.body_of_steps.is_inside(condition.op.body.body_of_steps):
            raise NetworkError(
                f"the end condition {condition} is a value of a loop inside of this one, which has more steps. Call "
                "this loop's end after the inner loop, with inner.last(...) of a value there"
            )
        if loop.end is not None:
            raise NetworkError(f"loop.end(...) was called before, with {loop.end}; join conditions with nn.logical_or")
        loop.end = self._counted(loop.keep(condition))
        if include_eos is not None:
            loop.include_eos = include_eos

    def _counted(self, condition: Tensor) -> Tensor:
        """The condition, and that of the branch in the loop that the end stands in."""
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

    def _running(self, what: str) -> LoopOp:
        if self.op is None:
            raise NetworkError(f"{what} belongs inside of `with nn.Loop(...) as loop:`")
        if self.op.body_of_steps.closed:
            raise NetworkError(f"the loop is over; {what} belongs inside of its `with` block")
        return self.op


def _may_have_axis(x: Tensor, axis: DimLike | str | None, of_loop: Dim | None) -> bool:
    """Whether a value has something that a loop could go over, so that it may be a sequence from outside."""
    if x.known_dims is None or axis is not None:
        return True
    return of_loop in x.dims if of_loop is not None else any(dim.is_dynamic for dim in x.dims)


def _loop_axis(axis: DimLike | None) -> Dim | None:
    if axis is None or isinstance(axis, (int, Dim)):
        return as_dim(axis) if axis is not None else None
    given = f"the tensor {axis}" if isinstance(axis, Tensor) else repr(axis)
    raise NetworkError(
        f"the axis of a Loop is a Dim, not {given}. To go over the frames of a tensor, write `with nn.Loop() as loop:` "
        "and in it loop.unstack(x)"
    )


def _step_limit(limit: Any) -> int | Delayed | Tensor | None:
    if isinstance(limit, Tensor):
        if limit.dims or not limit.dtype.startswith("int"):
            raise NetworkError(
                f"max_seq_len is one number for all sequences, an int32 scalar, not {limit}. Of lengths, take the "
                "greatest: nn.reduce_max(x.seq_len, nn.batch_dim)"
            )
        return limit
    if limit is None:
        return None
    return delayed_or(limit, "max_seq_len", is_size, "a number of steps, at least 1, or an int32 scalar tensor")
