"""The values of the user's program in the variables of the text that PyTorch runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from ..passes.rewritten import Rewritten
from ..program.program import Program
from ..record.graph import Op, Tensor
from ..torch_code.noted_text import NotedText, NotedValue, noted_text
from .comparison import EngineValue
from .engine import EngineValues, FoundValue, loops_around


class Noted(NamedTuple):
    """
    What a run noted.

    :ivar text: what was run
    :ivar steps: of each noted value what it was in each step: the array, and lengths by the names of dims
    :ivar error: why it ended before all was computed
    :ivar failed: the op that was written or computed then
    """

    text: NotedText
    steps: list[dict[tuple[int, ...], EngineValue]]
    error: Exception | None
    failed: Op | None


def noted_values(program: Program, model: Any = None, inputs: Mapping[str, Any] | None = None) -> Noted:
    """
    Runs a program with notes of its values.

    :param model: its parameters
    :param inputs: as RETURNN gives them; without them it is only written
    """
    import torch

    text = noted_text(program)
    steps: list[dict[tuple[int, ...], EngineValue]] = [{} for _ in text.values]
    if text.error is not None:
        return Noted(text, steps, text.error, text.ops[-1])
    computing: list[int] = [0]

    def note(number: int, value: Any, step: tuple[int, ...], lengths: Mapping[str, Any]) -> None:
        if value is not None:  # a loop without steps has no last value
            names = ["batch" if dim.is_batch else dim.name for dim in text.values[number].tensor.dims]
            steps[number][step] = EngineValue(_array(value), names, {name: _array(x) for name, x in lengths.items()})

    namespace: dict[str, Any] = {}
    error = None
    try:
        exec(compile(text.text, "written.config", "exec"), namespace)
        if inputs is not None:
            with torch.no_grad():
                namespace["noted"](model, inputs, lambda number: computing.__setitem__(0, number), note)
    except Exception as raised:
        error = raised
    return Noted(text, steps, error, text.ops[computing[0]] if error is not None else None)


def _array(value: Any) -> numpy.ndarray:
    return numpy.array(value.detach() if hasattr(value, "detach") else value)


class VariableValues(EngineValues):
    """
    The values of variables.

    :param noted: those of a run
    """

    def __init__(self, noted: Noted):
        self._noted = noted
        self._numbers = {value.tensor: number for number, value in enumerate(noted.text.values)}

    def __contains__(self, tensor: Tensor) -> bool:
        """Whether there is a variable for it alone."""
        return self._noted.text.rewritten.values.get(tensor) in self._numbers

    def of(self, tensor: Tensor) -> FoundValue | None:
        """The value of a tensor; None if it cannot be looked at."""
        if tensor not in self:
            return None
        number = self._numbers[self._noted.text.rewritten.values[tensor]]
        value, steps = self._noted.text.values[number], self._noted.steps[number]
        axes = _Axes.of(tensor, value, self._noted.text.rewritten)
        return None if axes is None else _VariableValue(value, steps, axes)


class _Axes(NamedTuple):
    """
    How a value of the text has the steps of the user's loops.

    :ivar loops: in which of the loops it is computed step by step, by their places in the nest
    :ivar all_steps: by the places of others the axis over all their steps; a loop is in neither if the value is the
        same in each step
    :ivar history: the axis over the frames so far, of which a step has seen the first ones, and the place of the loop
    """

    loops: list[int]
    all_steps: dict[int, int]
    history: tuple[int, int] | None

    @classmethod
    def of(cls, tensor: Tensor, value: NotedValue, rewritten: Rewritten) -> _Axes | None:
        """
        That of a value.

        :param tensor: of the user's program
        :param value: what it became
        :param rewritten: the program after the passes
        :return: None if that cannot be told
        """
        loops, dims = loops_around(tensor), value.tensor.dims
        places = [place for place, loop in enumerate(loops) if rewritten.loops.get(loop) in value.loops]
        if len(places) != len(value.loops):
            return None
        others = [place for place in range(len(loops)) if place not in places]
        all_steps = {
            place: axis
            for place in others
            for axis, dim in enumerate(dims)
            if dim in rewritten.step_dims.get(loops[place], ()) and dim not in tensor.dims
        }
        for place in others:
            if loops[place].known_history_dim in tensor.dims:
                named = [axis for axis, dim in enumerate(dims) if dim.name == "history" and dim not in tensor.dims]
                return cls(places, all_steps, (named[0], place)) if len(named) == 1 else None
        return cls(places, all_steps, None)


class _VariableValue(FoundValue):
    """
    The value of a variable.

    :param steps: what it was in each step
    """

    def __init__(self, value: NotedValue, steps: Mapping[tuple[int, ...], EngineValue], axes: _Axes):
        self.place = f"variable {value.variable!r}"
        self.beams = tuple(dim for dim in value.tensor.dims if dim.is_beam)
        self._steps, self._axes = steps, axes

    def at(self, step: tuple[int, ...]) -> EngineValue | None:
        """What it is in a step; None if there was no such step."""
        found = self._steps.get(tuple(step[place] for place in self._axes.loops))
        if found is None or not step:
            return found
        value, names = found.value, list(found.dims)
        if self._axes.history is not None:
            axis, place = self._axes.history
            value = numpy.take(value, range(min(step[place] + 1, value.shape[axis])), axis=axis)
        for place, axis in sorted(self._axes.all_steps.items(), key=lambda one: -one[1]):
            if step[place] >= value.shape[axis]:
                return None
            value = numpy.take(value, step[place], axis=axis)
            del names[axis]
        return EngineValue(value, names)
