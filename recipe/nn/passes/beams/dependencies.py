"""On which searches' hypotheses values, lengths of axes, and numbers of steps depend."""

from __future__ import annotations

from collections.abc import Iterable

from ...ops.choice import Choice
from ...ops.lengths import Length, RangeInAxis
from ...ops.new_axis import RangeFromLength
from ...ops.random import RandomUniform
from ...plain.dim import Dim, batch_dim
from ...program.program import Program
from ...program.searches import Search, loops_around, searches
from ...record.graph import Op, Tensor
from ...record.loops import FinalState, LastOp, LoopOp, PreviousOp, ResultOp, StackOp

Searches = frozenset[LoopOp]
"""Searches by their loops."""
NONE: Searches = frozenset()
_READ_NO_VALUES = (Length, RangeInAxis, RandomUniform)
"""Ops whose result does not depend on the values that they read."""


class Dependencies:
    """
    What depends on the hypotheses of which searches, found by going over all ops until nothing is added any more.

    A value without batch dim depends on none: what is computed over all sequences is computed over all hypotheses of
    theirs.

    :param program: a program with choices
    """

    def __init__(self, program: Program):
        self.searches: tuple[Search, ...] = searches(program)
        self._tensors: dict[Tensor, Searches] = {}
        self._axes: dict[Dim, Searches] = {}
        self._steps: dict[LoopOp, Searches] = {}
        self._of_search: dict[LoopOp, Searches] = {search.loop: NONE for search in self.searches}
        self.choosing: frozenset[LoopOp] = frozenset(
            loop for search in self.searches for choice in search.choices for loop in loops_around(choice)
        )
        """The loops in whose steps, or in loops inside, there are choices."""
        self._changed = True
        ops = list(program.ops_in_order())
        while self._changed:
            self._changed = False
            for op in ops:
                self._add(op)

    def of(self, tensor: Tensor) -> Searches:
        """Those on which a value depends."""
        return self._tensors.get(tensor, NONE)

    def of_lengths(self, dim: Dim) -> Searches:
        """Those on which the lengths along an axis depend."""
        return self._axes.get(dim, NONE)

    def of_steps(self, loop: LoopOp) -> Searches:
        """Those on which the number of steps of a loop depends; of a search also itself."""
        return self._steps.get(loop, NONE)

    def of_search(self, loop: LoopOp) -> Searches:
        """The other ones on which a search depends."""
        return self._of_search[loop]

    def _add(self, op: Op) -> None:
        """Adds what one op says."""
        if isinstance(op, LoopOp):
            self._add_loop(op)
            return
        found = NONE if isinstance(op, _READ_NO_VALUES) else self._of_all(op.inputs)
        if isinstance(op, Choice):
            found |= self._of_choice(op)
        elif isinstance(op, PreviousOp):
            found |= self._of_all([op.initial, op.final])
        elif isinstance(op, ResultOp):
            found |= self._of_result(op)
        elif isinstance(op, Length):
            found |= self.of_lengths(op.dim)
        self._add_new_axes(op)
        for tensor in op.outputs:
            if batch_dim in tensor.dims:
                self._tensors[tensor] = self._joined(self.of(tensor), found.union(*map(self.of_lengths, tensor.dims)))

    def _add_loop(self, loop: LoopOp) -> None:
        of_end = self.of(loop.end) if loop.end is not None else NONE
        of_input = self.of_lengths(loop.input_axis) if loop.axis_is_known else NONE
        # what chooses inside of a search makes no step for a hypothesis that has ended
        of_around = self.of_steps(loop.body.loop) if loop in self.choosing and loop.body.loop is not None else NONE
        self._steps[loop] = self._joined(self.of_steps(loop), of_end | of_input | of_around)

    def _of_choice(self, choice: Choice) -> Searches:
        """Its search, and what the hypotheses of that depend on by its scores, or by the ends of loops around."""
        search = loops_around(choice)[-1]
        others = self.of(choice.inputs[0])
        for loop in loops_around(choice):
            others |= self.of_steps(loop)
        self._of_search[search] = self._joined(self._of_search[search], others - {search})
        return self._of_search[search] | {search}

    def _of_result(self, result: ResultOp) -> Searches:
        found = self.of(result.inner)
        if isinstance(result, LastOp):
            found |= self.of_steps(result.result_of)
        if isinstance(result, FinalState):
            found |= self.of(result.previous.output)
        if result.result_of in self._of_search:  # what leaves a search is that of each hypothesis
            found |= {result.result_of} | self._of_search[result.result_of]
        return found

    def _add_new_axes(self, op: Op) -> None:
        """The lengths of an axis that an op makes depend on what those of the axis in whose place it is depend on."""
        if isinstance(op, StackOp):
            loop = op.result_of
            is_of_input = loop.axis_is_known and not loop.has_own_axis
            new, found = ([], NONE) if is_of_input else ([loop.get_axis()], self.of_steps(loop))
        elif isinstance(op, RangeFromLength):
            new, found = [op.out_dim], self.of(op.inputs[0])
        else:
            before = {dim for tensor in op.inputs for dim in tensor.dims}
            new = [dim for tensor in op.outputs for dim in tensor.dims if dim.is_dynamic and dim not in before]
            gone = before.difference(*(tensor.dims for tensor in op.outputs)) if new else ()
            found = NONE.union(*map(self.of_lengths, gone))
        for dim in new:
            self._axes[dim] = self._joined(self.of_lengths(dim), found)

    def _of_all(self, tensors: Iterable[Tensor | None]) -> Searches:
        return NONE.union(*(self.of(tensor) for tensor in tensors if tensor is not None))

    def _joined(self, known: Searches, found: Searches) -> Searches:
        """What is known and what was found, with those that these searches depend on."""
        found = known.union(found, *(self._of_search[search] for search in found))
        self._changed = self._changed or found != known
        return found
