"""Branch: code that counts only for some sequences, or in some steps; what Cond and MaskedComputation are made of."""

from __future__ import annotations

from ..ops.as_tensor import as_tensor
from ..ops.constants import zeros
from ..ops.elementwise import expand, logical_and, where
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, SourceLine, user_source_line
from ..record.branching import Branching
from ..record.graph import Body, Tensor
from ..record.loops import LoopOp
from ..record.recording import current_recording
from ..record.state_leaf import StateLeaf
from ..record.unknown_start import wrong_type


class Branch(Branching):
    """
    A part of the program under a condition (rules L4 and L5).

    Its ops are computed in any case, and become ops of the body around when it ends; the condition selects what they
    change: a ``switch`` layer per state. So gradients and beams go through it as through any layer, and a branch adds
    nothing to what RETURNN must know about a loop.

    :param condition: where it counts: bool, with dims that all values in it have or can be given ([batch], scalar)
    """

    hides_inner = True
    """Whether outside of it the values of a branch within are its own; else they are what that makes of them."""

    def __init__(self, condition: Tensor):
        self.recording = current_recording()
        self.modules = self.recording.module_calls
        around = self.recording.body.branch
        self.condition = condition
        if around is not None:
            self.condition = logical_and(around.condition, condition)
            self.recording.exempt.add(self.condition)
        self.body = Body(self.recording, self.recording.body, branch=self)

    def enter(self) -> None:
        """Records into it from now on."""
        self.recording.body = self.body

    def leave(self) -> dict[StateLeaf, Tensor]:
        """
        Ends it. A variable of a loop that was made in it is none of the code around: what it is now is a value of the
        branch.

        :return: the new values of the states that were assigned in it
        """
        recording, parent = self.recording, self.body.parent
        assert parent is not None
        recording.body = parent
        self.body.closed = True
        for leaf in list(self.body.values):
            if leaf.begun_in is not None and leaf.begun_in.is_inside(self.body):
                leaf.left = self.body.values.pop(leaf)
        for op in self.body.ops:
            op.move_to(parent)
            for tensor in op.outputs:
                if tensor not in recording.exempt and (self.hides_inner or tensor not in recording.of_branch):
                    recording.of_branch[tensor] = self
        return self.body.values

    def select(self, new: Tensor, old: Tensor) -> Tensor:
        """``new`` where it counts, else ``old``."""
        with self.recording.reading_all():
            missing = [dim for dim in self.condition.dims if new.known_dims is not None and dim not in new.dims]
            selected = where(self.condition, expand(new, missing) if missing else new, old)
        self.recording.exempt.add(selected)
        return selected

    def counted(self, loss: Tensor) -> Tensor:
        """A loss, 0 where the branch does not count."""
        return self.select(loss, _zeros_like(loss))

    def value_before(self, leaf: StateLeaf) -> Tensor | None:
        """What a state is where the branch does not count; None if it has no value there."""
        parent = self.body.parent
        assert parent is not None
        return leaf.read(parent) if leaf.is_known(parent) or parent.loop is not None else None

    def merge(self, leaf: StateLeaf, new: Tensor, old: Tensor) -> None:
        """
        Makes a state of the body around what it is by the condition.

        :raises NetworkError: if the state has one value for all sequences, but the condition one per sequence
        """
        selected = self.select(new, old)
        if old.known_dims is not None and selected.known_dims is not None and set(selected.dims) != set(old.dims):
            raise NetworkError(
                f"state {leaf.label} has the dims {dims_text(old.dims)}, but is assigned under a condition "
                f"{dims_text(self.condition.dims)}: {self.condition}. Give its initial value these dims, too"
            )
        assert self.body.parent is not None
        leaf.assign(self.body.parent, selected)

    def seen_from_outside(self, tensor: Tensor, source: SourceLine | None = None) -> Tensor:
        """
        What one of its values is for the code around it.

        :param source: where it is read, default: here
        :raises NetworkError: if it has no value where the branch does not count
        """
        raise TypeError(type(self).__name__)


class Mask(Branch):
    """A branch whose values, seen from outside, stay as they are while it does not count."""

    hides_inner = False

    def __init__(self, condition: Tensor):
        super().__init__(condition)
        self._kept: dict[Tensor, Tensor] = {}

    def seen_from_outside(self, tensor: Tensor, source: SourceLine | None = None) -> Tensor:
        """
        The value where the mask is true, else that of the last step where it was; zero before the first.

        :raises NetworkError: if nothing in the loop has read it so, and the loop is over
        """
        if tensor not in self._kept:
            if self.body.loop is not None and self.body.loop.body_of_steps.closed:
                raise NetworkError(
                    f"{tensor.seen_from(source or user_source_line())} is a value of a MaskedComputation in a loop, "
                    "which is over. In the loop, after the mask, write loop.stack(value) for all steps or "
                    "loop.last(value) for the last one, and use that",
                    source,
                )
            with self.recording.at(self._body_with_its_steps()):
                self._kept[tensor] = self._keep(tensor)
        return self._kept[tensor]

    def _body_with_its_steps(self) -> Body:
        """The body that reads it; if that is a loop inside of the mask's, the body that this loop stands in."""
        body: Body | None = self.recording.body
        while body is not None and body.loop is not self.body.loop:
            body = body.parent
        return body or self.recording.body

    def _keep(self, tensor: Tensor) -> Tensor:
        recording = self.recording
        body = recording.body.body_of_steps
        loop = self.body.loop
        if loop is None or body.loop is not loop:
            return self.select(tensor, _zeros_like(tensor))
        lengths_of_a_step = [dim for dim in tensor.known_dims or () if dim.is_dynamic and not loop.is_dim_outside(dim)]
        if lengths_of_a_step:
            raise NetworkError(
                f"{tensor} is read outside of its MaskedComputation, which would have to keep it for later steps, but "
                f"its dim {dims_text(lengths_of_a_step)} has other lengths in each step. Reduce it inside of the mask"
            )
        initial = None
        if tensor.known_dims is not None:
            more = [dim for dim in self.condition.dims if dim not in tensor.dims]
            with recording.at(loop.body):
                initial = zeros([*more, *tensor.dims], dtype=tensor.dtype, sparse_dim=tensor.sparse_dim)
        leaf = StateLeaf(f"kept_{tensor.op.name or 'value'}", None)
        kept = self.select(tensor, loop.carry(leaf, initial))
        body.values[leaf] = kept
        loop.kept.append(leaf)
        return kept


class Side(Branch):
    """One side of a Cond."""

    def seen_from_outside(self, tensor: Tensor, source: SourceLine | None = None) -> Tensor:
        """
        :raises NetworkError: always, as it has no value where the other side is taken
        """
        what = tensor.seen_from(source or user_source_line())
        raise NetworkError(
            f"{what} is a value of one branch of Cond, so it is undefined where the other branch is taken. Assign it "
            "to a state in both branches (loop.state.x = ..., state.assign(...)), or set cond.true and cond.false and "
            "read cond.result",
            source,
        )


def _zeros_like(tensor: Tensor) -> Tensor:
    return zeros(tensor.dims, dtype=tensor.dtype, sparse_dim=tensor.sparse_dim)


def check_result_in_branch(loop: LoopOp, y: Tensor, method: str) -> None:
    """
    Checks that a value that leaves a loop from within a branch in it has a value for the steps where that counts not.

    :param method: of the loop, that is called
    :raises NetworkError: in Cond, and in a mask of a value that is not made in it
    """
    body: Body | None = current_recording().body
    while body is not None and body is not loop.body_of_steps:
        in_branch = body.branch is not None and body.is_inside(loop.body_of_steps)
        if in_branch and not isinstance(body.branch, Mask):
            raise NetworkError(
                f"loop.{method}(y) stands in Cond, which does not say what it gives for the steps where that does not "
                f"count. Set cond.true = y and, in cond.false_branch(), cond.false; then loop.{method}(cond.result)"
            )
        if in_branch and not y.op.body.is_inside(body):
            raise NetworkError(
                f"loop.{method}(y) stands in MaskedComputation, but {y} is made outside of it, with a value in each "
                f"step. Write loop.{method}(y) after the block; what is made in it has, outside, its value of the last "
                "step in which the mask was true"
            )
        body = body.parent


def condition_of(name: str, value: object) -> Tensor:
    """
    The tensor of a condition.

    :raises NetworkError: if it is none, or no condition
    """
    if isinstance(value, bool):
        raise NetworkError(f"{name} wants a tensor, not {value}: for what is known now, use if")
    condition = current_recording().seen_from_here(as_tensor(value))
    if condition.dtype != "bool":
        message = f"{name} wants a comparison (bool), but {condition} is {condition.dtype}; write x != 0"
        raise wrong_type(condition, "bool", message)
    dynamic = [dim for dim in condition.dims if dim.is_dynamic and not dim.is_batch]
    if dynamic:
        raise NetworkError(
            f"{name} wants one condition per sequence, [batch] or a scalar, but {condition} has {dims_text(dynamic)}. "
            "Unstack it in a loop, or write nn.where(condition, a, b)"
        )
    return condition
