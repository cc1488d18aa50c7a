"""NaN and infinity traced back: which op made the first one, in which step, of which numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy

from ..ops.constants import Constant
from ..plain.errors import NetworkError
from ..record.graph import Op, Tensor
from ..record.loops import FinalState, LoopOp, PreviousOp, ResultOp
from .state import RunState


class Origin(NamedTuple):
    """
    Where a number that is not finite was made.

    :ivar tensor: the value that it is in
    :ivar steps: the numbers of the step of all loops around, outermost first
    :ivar loop: the innermost loop around, if there is one
    :ivar place: its position along each axis of the value
    :ivar number: nan, inf or -inf
    :ivar read: what the op read at that place, of inputs that have it
    :ivar cause: of NaN that was made of infinite numbers: what made these
    """

    tensor: Tensor
    steps: tuple[int, ...]
    loop: LoopOp | None
    place: tuple[int, ...]
    number: float
    read: tuple[tuple[Tensor, float], ...]
    cause: Origin | None

    def __str__(self) -> str:
        """What it is, where, and of what it was made."""
        where = [] if self.loop is None else [step_text(self.steps, self.loop)]
        where += [place_text(self.tensor, self.place)] if self.place else []
        text = f"{value_text(self.tensor)} is {self.number} {', '.join(where)}".rstrip()
        if self.read:
            text += ", of " + ", ".join(f"{short_text(tensor)} = {number:.6g}" for tensor, number in self.read)
        elif self.tensor.op.inputs and self.cause is None:
            text += ", though all that it reads is finite"
        if self.cause is not None:
            text += f". The first infinite number was made in {self.cause.tensor.op.source}: {self.cause}"
        return text


class NotFinite:
    """
    Follows numbers that are not finite through a run. Padding does not count.

    :param nan_alone: whether infinite numbers are all right
    """

    def __init__(self, nan_alone: bool = False):
        self.nan_alone = nan_alone
        self._decided: Origin | None = None
        self._now: dict[Tensor, _Found] = {}
        self._ever: dict[Tensor, _Found] = {}

    def note(self, run: RunState, op: Op) -> None:
        """Takes note of what an op gave."""
        read = self._read(run, op)
        for tensor in op.outputs:
            before = self._now.pop(tensor, None)
            if tensor.dtype.startswith("float"):
                found = self._found_in(run, tensor, read, before)
                if found is not None:
                    self._now[tensor] = found
                    if tensor not in self._ever or (found.is_nan and not self._ever[tensor].is_nan):
                        self._ever[tensor] = found
            elif self._decided is None:  # a comparison or a choice of what is no number is wrong, whatever comes out
                self._decided = next((found.origin for found in read if found.is_nan), None)

    def origin(self, results: Iterable[Tensor]) -> Origin | None:
        """
        Where the first number was made that is not finite and has to do with the results: it is in them, or a
        comparison or a choice was made by it. Infinite constants, and what is infinite because of them, are none.
        """
        for tensor in results:
            found = self._now.get(tensor)
            if found is not None and found.origin is not None and (found.is_nan or not self.nan_alone):
                return found.origin
        return self._decided

    def check(self, results: Iterable[Tensor]) -> None:
        """
        :raises NetworkError: if there is one, with the line that made it
        """
        origin = self.origin(results)
        if origin is not None:
            raise NetworkError(f"the first number that is not finite: {origin}", origin.tensor.op.source)

    def _read(self, run: RunState, op: Op) -> list[_Found]:
        """What of that is not finite which an op reads, or hands on."""
        if isinstance(op, PreviousOp):
            begins = op.is_constant or run.steps[op.loop] == 0
            found = [self._now.get(tensor) for tensor in (op.initial if begins else op.final,) if tensor is not None]
        elif isinstance(op, ResultOp):
            initial = op.previous.initial if isinstance(op, FinalState) else None
            found = [self._ever.get(op.inner), self._now.get(initial) if initial is not None else None]
        else:
            found = [self._now.get(tensor) for tensor in op.inputs]
        return [one for one in found if one is not None]

    def _found_in(self, run: RunState, tensor: Tensor, read: list[_Found], before: _Found | None) -> _Found | None:
        if numpy.isfinite(run.values[tensor].array).all():
            return None
        with run.with_rows_in_loops(tensor):
            array = run.read(tensor)
            wrong = ~numpy.isfinite(array) & run.counts(tensor)
            if not wrong.any():
                return None
            nan = wrong & numpy.isnan(array)
            is_nan = bool(nan.any())
            handed_on = [one for one in (*read, *([before] if before else [])) if one.is_nan or not is_nan]
            if handed_on:
                return _Found(is_nan, next((one.origin for one in handed_on if one.origin is not None), None))
            if isinstance(tensor.op, Constant):
                return _Found(is_nan, None)
            place = tuple(int(index) for index in numpy.argwhere(nan if is_nan else wrong)[0])
            cause = next((one.origin for one in read if one.origin is not None), None)
            loop = tensor.op.body.loop
            steps = tuple(run.steps.values())
            return _Found(
                is_nan, Origin(tensor, steps, loop, place, float(array[place]), _numbers(run, tensor, place), cause)
            )


class _Found(NamedTuple):
    """
    Of a value that is not finite.

    :ivar is_nan: whether a number of it is NaN
    :ivar origin: where it was made first; None if it is infinite on purpose, as constants are
    """

    is_nan: bool
    origin: Origin | None


def _numbers(run: RunState, tensor: Tensor, place: tuple[int, ...]) -> tuple[tuple[Tensor, float], ...]:
    """What an op read at the place of a result, of inputs that have no axis besides."""
    position = dict(zip(tensor.dims, place))
    numbers = []
    for one in tensor.op.inputs:
        if set(one.dims) <= set(tensor.dims):
            array = run.read(one)
            index = tuple(position[dim] for dim in one.dims)
            if all(number < size for number, size in zip(index, array.shape)):
                numbers.append((one, float(array[index])))
    return tuple(numbers)


def value_text(tensor: Tensor) -> str:
    """What a message calls a value of a program: the user's variable, the op and its module, the dims."""
    variable = tensor.op.variable
    what = tensor.op.describe(tensor)
    return f"{variable} <{what}>" if variable else what


def short_text(tensor: Tensor) -> str:
    """The same in a word or two: the user's variable, or what it is without dims."""
    return tensor.op.variable or tensor.op.describe(tensor).partition(" [")[0]


def step_text(steps: tuple[int, ...], loop: LoopOp) -> str:
    """``in step 3 of the loop over time``; ``step 2.0`` for the first one of a loop in the third step of another."""
    return f"in step {'.'.join(map(str, steps))} of the loop over {loop.get_axis()}"


def place_text(tensor: Tensor, place: tuple[int, ...]) -> str:
    """``at sequence 1, time 0, features 3``."""
    named = zip(tensor.dims, place)
    return "at " + ", ".join(f"{'sequence' if dim.is_batch else dim.name} {index}" for dim, index in named)
