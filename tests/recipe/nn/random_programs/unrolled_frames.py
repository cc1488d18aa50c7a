"""Sequences of a program for one sequence of the batch: lists of vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

from . import plain_numpy
from .parts import NUM_PARTS
from .plain_numpy import Array
from .program import NUM_POSITIONS, NUM_STATES, Frames, Program

FAR = -1e9
STEP_OUTSIDE = 1
Path = tuple[Any, ...]
"""Which statement of which block it is, or which sequence of a statement."""


class UnrolledFrames:
    """
    One run on one sequence; ``_frames_KIND`` and ``_read_KIND`` as in :class:`.frames.FramesOfModel`.

    :param parameters: by name
    :param feeds: of the batch
    :param index: which sequence of it
    """

    def __init__(self, program: Program, parameters: Mapping[str, Array], feeds: Mapping[str, Any], index: int):
        self.program = program
        self.parameters: dict[str, Array] = {name: value.astype("float64") for name, value in parameters.items()}
        cut = [feeds[f"data{n}"][0][index, : program.lengths[n][index]].astype("float64") for n in range(2)]
        self.frames = [list(frames) for frames in cut]
        self.longest = max(program.lengths[1])
        self.table, self.vector = (feeds[name][index].astype("float64") for name in ("table", "vector"))
        self.targets = feeds["labels"][0][index, : program.lengths[0][index]]
        self.zeros = numpy.zeros(program.features)
        self.state: dict[str, Any] = {}
        self.steps: list[int] = []
        """The number of the step of each loop around, the innermost last."""
        self.main_step = STEP_OUTSIDE
        self.histories: dict[Path, list[Array]] = {}
        """Of the innermost loop."""
        self.sequences: list[list[Array]] = []
        self.main_sequence: Sequence[Array] = []
        self.stacked: list[Array] = []
        self.found: list[int] = []

    @property
    def step(self) -> int:
        """The number of the step of the innermost loop."""
        return self.steps[-1] if self.steps else STEP_OUTSIDE

    def pick(self, values: list[Array], index: int) -> Array:
        """One of the values, or of the states as they are now."""
        readable = [*values, *(self.state[f"s{number}"] for number in range(NUM_STATES))]
        return readable[index % len(readable)]

    def condition(self, values: list[Array], index: int) -> bool:
        """Whether it is true for this sequence."""
        return bool(self.pick(values, index).sum() > 0.1)

    def affine(self, name: str, x: Array) -> Array:
        """``x W + b``."""
        return plain_numpy.affine(self.parameters, name, x)

    def embedding(self, label: int) -> Array:
        """The vector of a label."""
        return self.parameters["embedding/W"][label]

    # sequences

    def sequence(self, values: list[Array], path: Path, frames: Frames) -> list[Array]:
        """A sequence."""
        kind, *arguments = frames
        return list(getattr(self, f"_frames_{kind}")(values, (*path, kind), *arguments))

    def _frames_input(self, values: list[Array], path: Path, number: int) -> Sequence[Array]:
        return self.frames[number]

    def _frames_table(self, values: list[Array], path: Path) -> Sequence[Array]:
        return list(self.table)

    def _frames_over(self, values: list[Array], path: Path) -> Sequence[Array]:
        return self.main_sequence

    def _frames_stacked(self, values: list[Array], path: Path) -> Sequence[Array]:
        return self.stacked

    def _frames_found(self, values: list[Array], path: Path) -> Sequence[Array]:
        return [numpy.tanh(self.embedding(label)) for label in self.found]

    def _frames_made(self, values: list[Array], path: Path, number: int) -> Sequence[Array]:
        return self.sequences[number]

    def _frames_memory(self, values: list[Array], path: Path) -> Sequence[Array]:
        return self.state["memory"]

    def _frames_history(self, values: list[Array], path: Path, source: int) -> Sequence[Array]:
        history = self.histories.setdefault(path, [])
        history.append(self.pick(values, source))
        return history

    def _frames_split(self, values: list[Array], path: Path, source: int) -> Sequence[Array]:
        return numpy.split(numpy.tanh(self.affine("wide", self.pick(values, source))), NUM_PARTS)

    def _frames_add(self, values: list[Array], path: Path, frames: Frames, source: int) -> Sequence[Array]:
        v = self.pick(values, source)
        return [numpy.tanh(frame + v) for frame in self.sequence(values, path, frames)]

    def _frames_where(self, values: list[Array], path: Path, frames: Frames, source: int) -> Sequence[Array]:
        sign = 1.0 if self.condition(values, source) else -1.0
        return [sign * frame for frame in self.sequence(values, path, frames)]

    def _frames_linear(self, values: list[Array], path: Path, frames: Frames, number: int) -> Sequence[Array]:
        return [numpy.tanh(self.affine(f"linear/{number}", frame)) for frame in self.sequence(values, path, frames)]

    def _frames_lstm(
        self, values: list[Array], path: Path, frames: Frames, number: int, start: int | None
    ) -> Sequence[Array]:
        h = self.zeros if start is None else self.pick(values, start)
        x = self.sequence(values, path, frames)
        return plain_numpy.lstm(self.parameters, f"lstm/{number}", x, h, self.zeros, backward=number == 1)

    def _frames_pool(self, values: list[Array], path: Path, frames: Frames, size: int, mode: str) -> Sequence[Array]:
        return plain_numpy.pool(self.sequence(values, path, frames), size, mode)

    def _frames_conv(self, values: list[Array], path: Path, frames: Frames, stride: int) -> Sequence[Array]:
        x, name = self.sequence(values, path, frames), f"conv/{stride - 1}"
        size = len(self.parameters[f"{name}/W"])
        return [numpy.tanh(y) for y in plain_numpy.convolution(self.parameters, name, x, size, stride)]

    def _frames_postfix(self, values: list[Array], path: Path, frames: Frames, value: float) -> Sequence[Array]:
        return [*self.sequence(values, path, frames), self.zeros + value]

    def _frames_reverse(self, values: list[Array], path: Path, frames: Frames) -> Sequence[Array]:
        return self.sequence(values, path, frames)[::-1]

    def _frames_replace(self, values: list[Array], path: Path, frames: Frames) -> Sequence[Array]:
        return self.sequence(values, path, frames)

    def _frames_cum_sum(self, values: list[Array], path: Path, frames: Frames) -> Sequence[Array]:
        x = self.sequence(values, path, frames)
        return [numpy.tanh(sum(x[: t + 1], self.zeros)) for t in range(len(x))]

    def _frames_constant(self, values: list[Array], path: Path, frames: Frames, value: float) -> Sequence[Array]:
        return [value + frame for frame in self.sequence(values, path, frames)]

    def _frames_gather(self, values: list[Array], path: Path, frames: Frames, where: str) -> Sequence[Array]:
        x = self.sequence(values, path, frames)
        if where == "back":
            return x[::-1]
        positions = range(NUM_POSITIONS if where == "window" else len(x))
        return [plain_numpy.at(x, t + (1 if where == "next" else self.step)) for t in positions]

    # readers

    def read(self, kind: str, x: list[Array], v: Array) -> Array:
        """A vector that depends on a sequence and another vector."""
        return numpy.asarray(getattr(self, f"_read_{kind}")(x, v))

    def _read_sum(self, x: list[Array], v: Array) -> Array:
        return numpy.tanh(sum(x, self.zeros) * 0.3)

    def _read_mean(self, x: list[Array], v: Array) -> Array:
        return numpy.mean(x, axis=0) if x else 0 * v

    def _read_max(self, x: list[Array], v: Array) -> Array:
        return numpy.max(x, axis=0)

    def _read_min(self, x: list[Array], v: Array) -> Array:
        return numpy.min(x, axis=0)

    def _read_rank(self, x: list[Array], v: Array) -> Array:
        return numpy.tanh(sum((frame < v - 0.05 for frame in x), self.zeros) * 0.3)

    def _read_distance(self, x: list[Array], v: Array) -> Array:
        return numpy.tanh(numpy.max([abs(frame - v) for frame in x], axis=0))

    def _read_dot(self, x: list[Array], v: Array) -> Array:
        query = self.affine("attention/query", v) * self.program.features**-0.5
        return plain_numpy.attention([self.affine("attention/key", frame) @ query for frame in x], x, self.zeros)

    def _read_additive(self, x: list[Array], v: Array) -> Array:
        query = self.affine("additive/query", v)
        hidden = [numpy.tanh(self.affine("additive/key", frame) + query) for frame in x]
        return plain_numpy.attention([self.affine("additive/energy", one)[0] for one in hidden], x, self.zeros)

    def _read_softmax(self, x: list[Array], v: Array) -> Array:
        return self._masked(x, v, lambda t: True)

    def _read_weighted(self, x: list[Array], v: Array) -> Array:
        return numpy.tanh(sum((numpy.tanh(frame @ v + 0.5) * frame for frame in x), self.zeros))

    def _read_causal(self, x: list[Array], v: Array) -> Array:
        return self._masked(x, v, lambda t: t <= self.step)

    def _read_before(self, x: list[Array], v: Array) -> Array:
        return self._masked(x, v, lambda t: t < self.step)

    def _read_near(self, x: list[Array], v: Array) -> Array:
        return self._masked(x, v, lambda t: abs(t - self.step) <= 1)

    def _read_causal_of_main(self, x: list[Array], v: Array) -> Array:
        return self._masked(x, v, lambda t: t <= self.main_step)

    def _read_first(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, 0)

    def _read_last(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, len(x) - 1)

    def _read_step(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, self.step)

    def _read_next(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, self.step + 1)

    def _read_count(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, self.state["count"])

    def _read_best(self, x: list[Array], v: Array) -> Array:
        return plain_numpy.at(x, int(self.affine("readout", v).argmax()))

    def _masked(self, x: list[Array], v: Array, sees: Any) -> Array:
        return plain_numpy.attention([frame @ v if sees(t) else FAR for t, frame in enumerate(x)], x, self.zeros)
