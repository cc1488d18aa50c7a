"""Cond: if and else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..ops.activation import logical_not
from ..ops.as_tensor import as_tensor
from ..plain.errors import NetworkError
from ..plain.familiar_members import no_attribute
from ..plain.familiar_results import OF_CONDS
from ..plain.structure import flatten, map_structure, structure_text
from ..record.graph import Tensor
from ..record.recording import current_recording
from ..record.state_leaf import StateLeaf
from .assignable import check_assignable
from .branch import Side, condition_of

if TYPE_CHECKING:
    from types import TracebackType


class Cond:
    """
    ``if condition: ... else: ...``, for each sequence::

        with nn.Cond(condition) as cond:
            loop.state.x = a
            cond.true = c
        with cond.false_branch():       # may be left out, like else
            loop.state.x = b
            cond.false = d
        y = cond.result                 # c or d

    States assigned in a branch have that value where it is taken, and their value before where not. Other values of a
    branch cannot be read outside of it, but ``cond.true`` and ``cond.false`` (tensors, or equal structures of them)
    come out as ``cond.result``. Both branches are computed, and ``where`` selects; a number that one of them cannot
    compute (``log`` of 0) may harm gradients.

    :param condition: bool, [batch] or a scalar
    """

    def __init__(self, condition: Tensor):
        self.condition = condition
        self._sides: list[Side] = []
        self._results: list[Any] = [None, None]
        self._before: dict[StateLeaf, Tensor | None] = {}
        self._true_values: dict[StateLeaf, Tensor] = {}
        self._merged: dict[StateLeaf, Tensor] = {}

    def __enter__(self) -> Cond:
        if self._sides:
            raise NetworkError("a Cond object is used once; its other branch is `with cond.false_branch():`")
        self.condition = condition_of("Cond", self.condition)
        self._begin(self.condition)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        side = self._sides[-1]
        if kind is not None:
            side.recording.body = side.body.parent or side.recording.root_body
            return
        values = side.leave()
        if len(self._sides) == 1:
            self._true_values = values
            for leaf, value in values.items():
                self._before[leaf] = side.value_before(leaf)
                self._merge(leaf, value, self._before[leaf])
        else:
            self._merge_both(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_") and name not in ("condition", "true", "false", "result"):
            raise NetworkError(
                f"a Cond has no {name!r}: what comes out of its branches is cond.true = y in the first one and "
                "cond.false = z in `with cond.false_branch():`, and cond.result after both"
            )
        object.__setattr__(self, name, value)

    if not TYPE_CHECKING:  # type checkers know which attributes there are

        def __getattr__(self, name: str) -> Any:
            raise no_attribute(self, name, OF_CONDS)

    def false_branch(self) -> _FalseBranch:
        """The other branch: ``with cond.false_branch(): ...``, right behind the first."""
        return _FalseBranch(self)

    @property
    def true(self) -> Any:
        """What :attr:`result` is where the condition holds; set in the first branch."""
        return self._results[0]

    @true.setter
    def true(self, value: Any) -> None:
        self._set_result(0, value)

    @property
    def false(self) -> Any:
        """What :attr:`result` is elsewhere; set in the false branch."""
        return self._results[1]

    @false.setter
    def false(self, value: Any) -> None:
        self._set_result(1, value)

    @property
    def result(self) -> Any:
        """
        ``cond.true`` or ``cond.false``, by the condition.

        :raises NetworkError: if one of them was not set, or their structures differ
        """
        true, false = self._results
        if true is None or false is None:
            missing = "cond.true" if true is None else "cond.false"
            raise NetworkError(f"cond.result needs a value from both branches, but {missing} was not set")
        others = dict(flatten(false))
        if dict(flatten(true)).keys() != others.keys():
            raise NetworkError(
                f"cond.true is {structure_text(true)}, but cond.false is {structure_text(false)}; both must be alike"
            )
        for path, tensor in flatten(true):
            _check_alike(tensor, others[path])
        return map_structure(lambda path, tensor: self._selected(tensor, others[path]), true)

    @result.setter
    def result(self, value: Any) -> None:
        raise NetworkError(
            "cond.result is what comes out of both branches: set cond.true = y in the first one, cond.false = z in "
            "`with cond.false_branch():`, and read cond.result afterwards"
        )

    def _selected(self, true: Tensor, false: Tensor) -> Tensor:
        """One of two values; it is a value of the branch around, where there is one."""
        side, around = self._sides[0], self._sides[0].body.parent
        if around is not None and around.branch is not None and around.closed:
            raise NetworkError("cond.result is read behind the block that the Cond stands in: read it in that block")
        selected = side.select(true, false)
        side.recording.exempt.discard(selected)
        return selected

    # the parts

    def _begin(self, condition: Tensor) -> None:
        side = Side(condition)
        self._sides.append(side)
        side.enter()

    def _begin_false(self) -> None:
        if len(self._sides) != 1 or not self._sides[0].body.closed:
            raise NetworkError("cond.false_branch() comes once, right behind the block `with nn.Cond(...) as cond:`")
        body = self._sides[0].body.parent
        assert body is not None
        if self._sides[0].recording.body is not body or any(
            body.values.get(leaf) is not value for leaf, value in self._merged.items()
        ):
            raise NetworkError("cond.false_branch() must come right behind the first branch, before other assignments")
        for leaf in self._true_values:
            before = self._before[leaf]
            if before is None:
                body.values.pop(leaf, None)
            else:
                body.values[leaf] = before
        self._begin(logical_not(self.condition))

    def _merge_both(self, false_values: dict[StateLeaf, Tensor]) -> None:
        true_side, false_side = self._sides
        for leaf in [*self._true_values, *(leaf for leaf in false_values if leaf not in self._true_values)]:
            if leaf not in self._true_values:
                self._merge_with(false_side, leaf, false_values[leaf], false_side.value_before(leaf))
                continue
            false = false_values.get(leaf, self._before[leaf])
            if leaf in false_values:
                check_assignable(leaf, self._true_values[leaf], false_values[leaf], true_side.condition.op.source)
            self._merge_with(true_side, leaf, self._true_values[leaf], false)

    def _merge(self, leaf: StateLeaf, value: Tensor, before: Tensor | None) -> None:
        if before is None:
            # no value without the other branch: reading it before that is an error
            return
        self._merge_with(self._sides[0], leaf, value, before)
        body = self._sides[0].body.parent
        assert body is not None
        self._merged[leaf] = body.values[leaf]

    def _merge_with(self, side: Side, leaf: StateLeaf, new: Tensor, old: Tensor | None) -> None:
        if old is None:
            raise NetworkError(
                f"state {leaf.label} is assigned in one branch of Cond and has no value where the other one is taken: "
                "assign it there, too, or give it an initial value before"
            )
        side.merge(leaf, new, old)

    def _set_result(self, index: int, value: Any) -> None:
        word = ("true", "false")[index]
        if len(self._sides) != index + 1 or self._sides[index].body.closed:
            where = "`with nn.Cond(...) as cond:`" if index == 0 else "`with cond.false_branch():`"
            raise NetworkError(f"cond.{word} is set inside of {where}")
        seen = self._sides[index].recording.seen_from_here
        self._results[index] = map_structure(lambda path, leaf: seen(as_tensor(leaf)), value)


def _check_alike(true: Tensor, false: Tensor) -> None:
    """
    :raises NetworkError: if the results of the branches have other dims or another dtype
    """
    if true.known_dims is None or false.known_dims is None:
        return
    fewer, more = sorted((set(true.dims), set(false.dims)), key=len)
    if not fewer <= more:
        raise NetworkError(f"cond.true is {true}, but cond.false is {false}: they have other dims; both must be alike")
    if true.dtype != false.dtype:
        raise NetworkError(
            f"cond.true {true} is {true.dtype}, but cond.false {false} is {false.dtype}: write nn.cast(x, dtype), or "
            "0.0 for a number of float32"
        )


class _FalseBranch:
    def __init__(self, cond: Cond):
        self.cond = cond
        current_recording().await_block(self, "cond.false_branch()")

    def __enter__(self) -> Cond:
        current_recording().begin_block(self)
        self.cond._begin_false()
        return self.cond

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cond.__exit__(kind, error, trace)
