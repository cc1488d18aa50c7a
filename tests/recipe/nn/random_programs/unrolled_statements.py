"""What the statements of a program do to one sequence of the batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from . import plain_numpy
from .plain_numpy import Array, sigmoid
from .program import NUM_LABELS, End, Frames, Program, Statement, count_values
from .unrolled_frames import Path, UnrolledFrames

FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": numpy.maximum,
    "sigmoid": lambda a, b: sigmoid(a) - b,
    "where": lambda a, b: numpy.where(a > b, a, 0.5 * b),
    "by_mean": lambda a, b: a * b.mean(),
}


class NeedsLabel(Exception):
    """
    A choice that nothing is known of.

    :ivar log_prob: of each label
    :ivar beam_size: of this choice
    """

    def __init__(self, log_prob: Array, beam_size: int):
        super().__init__()
        self.log_prob = log_prob
        self.beam_size = beam_size


class UnrolledStatements(UnrolledFrames):
    """
    Methods ``_KIND``; they append to the values what they add to those that later statements may read.

    :param labels: what a search has chosen in the first choices; the next one raises NeedsLabel
    """

    def __init__(
        self,
        program: Program,
        parameters: Mapping[str, Array],
        feeds: Mapping[str, Any],
        index: int,
        labels: Sequence[int] = (),
    ):
        super().__init__(program, parameters, feeds, index)
        self.labels = list(labels)
        self.losses: dict[str, float] = {}
        self.grids: list[list[Any]] = []
        self.kept: dict[Path, list[Array]] = {}
        """What masks in the innermost loop gave last."""
        self.ends: End | None = None
        """What has ended the innermost loop in this step."""
        self.choices: dict[Path, int] = {}
        """The choices by where they stand, numbered."""

    def run_statements(self, statements: Sequence[Statement], values: list[Array], path: Path) -> None:
        """
        Runs them.

        :param values: what they may read, beside the states
        :param path: of the block
        """
        for position, (kind, *arguments) in enumerate(statements):
            getattr(self, f"_{kind}")(values, (*path, position), *arguments)

    def add_loss(self, name: str, value: float) -> None:
        """Adds to a loss."""
        self.losses[name] = self.losses.get(name, 0.0) + value

    # values

    def _function(self, values: list[Array], path: Path, name: str, left: int, right: int) -> None:
        values.append(numpy.tanh(FUNCTIONS[name](self.pick(values, left), self.pick(values, right))))

    def _linear(self, values: list[Array], path: Path, number: int, source: int) -> None:
        values.append(numpy.tanh(self.affine(f"linear/{number}", self.pick(values, source))))

    def _square(self, values: list[Array], path: Path, source: int) -> None:
        values.append(numpy.tanh(self.affine("back", self.affine("forth", self.pick(values, source)))))

    def _outer(self, values: list[Array], path: Path) -> None:
        values.append(numpy.tanh(self.vector))

    def _concat(self, values: list[Array], path: Path, left: int, right: int) -> None:
        joined = numpy.concatenate([self.pick(values, left), self.pick(values, right)])
        values.append(numpy.tanh(self.affine("both", joined)))

    def _slice(self, values: list[Array], path: Path, left: int, right: int) -> None:
        joined = numpy.concatenate([self.pick(values, left), self.pick(values, right)])
        values.append(joined[1 : 1 + self.program.features])

    def _softmax(self, values: list[Array], path: Path, source: int) -> None:
        values.append(plain_numpy.softmax(self.pick(values, source)))

    def _norm(self, values: list[Array], path: Path, source: int) -> None:
        x = self.pick(values, source) + self.vector
        values.append(numpy.tanh(plain_numpy.layer_norm(self.parameters, "norm", x)))

    def _dropout(self, values: list[Array], path: Path, source: int) -> None:
        hidden = numpy.maximum(self.affine("forth", self.pick(values, source)), 0.0)
        values.append(numpy.tanh(self.affine("back", hidden)))

    def _timed(self, values: list[Array], path: Path, source: int) -> None:
        values.append(numpy.tanh(self.pick(values, source) * self.step * 0.3))

    def _position(self, values: list[Array], path: Path, source: int) -> None:
        encoding = plain_numpy.sinusoids(self.step, self.program.features)
        values.append(numpy.tanh(self.pick(values, source) + encoding))

    # cells and states

    def cell(self, number: int, x: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        """One step of an LSTM."""
        return plain_numpy.lstm_step(self.parameters, f"cells/{number}", x, *state)

    def _cell(self, values: list[Array], path: Path, number: int, source: int) -> None:
        self.state[f"c{number}"] = self.cell(number, self.pick(values, source), self.state[f"c{number}"])
        values.append(self.state[f"c{number}"][0])

    def _other_cell(self, values: list[Array], path: Path, source: int) -> None:
        self.state["other_cell"] = self.cell(0, self.pick(values, source), self.state["other_cell"])
        values.append(self.state["other_cell"][0])

    def _restart(self, values: list[Array], path: Path, number: int, source: int) -> None:
        values.append(self.cell(number, self.pick(values, source), (self.zeros, self.zeros))[0])

    def _peek(self, values: list[Array], path: Path, number: int, source: int) -> None:
        values.append(self.cell(number, self.pick(values, source), self.state[f"c{number}"])[0])

    def _assign(self, values: list[Array], path: Path, state: int, source: int) -> None:
        self.state[f"s{state}"] = self.pick(values, source)

    def _reset(self, values: list[Array], path: Path, state: int) -> None:
        self.state[f"s{state}"] = self.zeros

    def _swap(self, values: list[Array], path: Path, first: int, second: int) -> None:
        one, other = self.state[f"s{first}"], self.state[f"s{second}"]
        self.state[f"s{first}"] = other
        self.state[f"s{second}"] = one

    def _late(self, values: list[Array], path: Path, source: int) -> None:
        self.state["late"] = numpy.tanh(self.pick(values, source) + self.state["late"])
        values.append(self.state["late"])

    def _nested(self, values: list[Array], path: Path, source: int) -> None:
        a, first, second = self.state["nested"]
        self.state["nested"] = first, second, numpy.tanh(self.pick(values, source))
        values.append(a - second)

    def _window(self, values: list[Array], path: Path, source: int) -> None:
        frame = self.pick(values, source)
        values.append(numpy.tanh(self.affine("both", numpy.concatenate([self.state["window"], frame]))))
        self.state["window"] = frame

    def _count(self, values: list[Array], path: Path, condition: int) -> None:
        self.state["count"] += self.condition(values, condition)

    def _count_value(self, values: list[Array], path: Path, source: int) -> None:
        values.append(numpy.tanh(self.pick(values, source) * self.state["count"]))

    def _flag(self, values: list[Array], path: Path, condition: int) -> None:
        self.state["flag"] = self.state["flag"] or self.condition(values, condition)

    def _flag_value(self, values: list[Array], path: Path, true: int, false: int) -> None:
        values.append(self.pick(values, true) if self.state["flag"] else -self.pick(values, false))

    def _tick(self, values: list[Array], path: Path) -> None:
        self.state["ticks"] += 1

    def _memory(self, values: list[Array], path: Path, source: int) -> None:
        v = self.pick(values, source)
        self.state["memory"] = [numpy.tanh(frame + v) for frame in self.state["memory"]]

    # sequences

    def _history(self, values: list[Array], path: Path, source: int) -> None:
        x = self.pick(values, source)
        past = self.histories.setdefault(path, [])
        past.append(x)
        query = self.affine("history/query", x) * self.program.features**-0.5
        energies = [self.affine("history/key", frame) @ query for frame in past]
        values.append(
            plain_numpy.attention(energies, [self.affine("history/value", frame) for frame in past], self.zeros)
        )

    def _attend(self, values: list[Array], path: Path, source: int) -> None:
        values.append(self.read("dot", self.frames[1], self.pick(values, source)))

    def _read(self, values: list[Array], path: Path, kind: str, frames: Frames, source: int) -> None:
        values.append(self.read(kind, self.sequence(values, path, frames), self.pick(values, source)))

    def _keep(self, values: list[Array], path: Path, frames: Frames) -> None:
        self.sequences.append(list(self.sequence(values, path, frames)))

    def _unstack(self, values: list[Array], path: Path, frames: Frames) -> None:
        values.append(self.sequence(values, path, frames)[self.step])

    def _grid(self, values: list[Array], path: Path, frames: Frames) -> None:
        self.grids[-1].append((path, self.sequence(values, path, frames)))

    def _loss_over(self, values: list[Array], path: Path, frames: Frames) -> None:
        self.add_loss("frames", sum(float((x * x).sum() * 0.1) for x in self.sequence(values, path, frames)))

    # labels

    def _label(self, values: list[Array], path: Path, source: int) -> None:
        self.state["label"] = int(self.affine("readout", self.pick(values, source)).argmax())

    def _embed(self, values: list[Array], path: Path) -> None:
        values.append(numpy.tanh(self.embedding(self.state["label"])))

    def _embed_step(self, values: list[Array], path: Path) -> None:
        values.append(numpy.tanh(self.embedding(self.step % NUM_LABELS) + self.vector))

    def _emit(self, values: list[Array], path: Path, source: int) -> None:
        moves = self.state["second"] == 0
        values.append(self.pick(values, source) if moves else numpy.tanh(self.embedding(self.state["label"])))

    def _choice(
        self, values: list[Array], path: Path, source: int, label: str = "label", beam_size: int | None = None
    ) -> None:
        log_prob = plain_numpy.log_softmax(self._logits(values, path, source, label))
        if self.program.beam_size:
            if not self.labels:
                raise NeedsLabel(log_prob, beam_size or self.program.beam_size)
            self.state[label] = self.labels.pop(0)
        else:
            target = int(self.targets[self.step])
            self.add_loss("cross_entropy", -float(log_prob[target]))
            self.state[label] = target
        values.append(numpy.tanh(self.embedding(self.state[label])))

    def _greedy(
        self, values: list[Array], path: Path, source: int, label: str = "label", beam_size: int | None = None
    ) -> None:
        self.state[label] = int(self._logits(values, path, source, label).argmax())
        values.append(numpy.tanh(self.embedding(self.state[label])))

    def _logits(self, values: list[Array], path: Path, source: int, label: str) -> Array:
        x = self.pick(values, source) + self.embedding(self.state[label])
        x = x - 0.17 * self.choices.setdefault(path, len(self.choices))
        return self.affine("readout", numpy.tanh(x + self.step * 0.3))

    # losses

    def _loss(self, values: list[Array], path: Path, source: int) -> None:
        self.add_loss("squares", float((self.pick(values, source) ** 2).sum()))

    # branches

    def _mask(self, values: list[Array], path: Path, condition: int, body: Sequence[Statement]) -> None:
        """Its values stay what they were in the last step in which the mask was true; zero before the first."""
        if self.condition(values, condition):
            known = len(self.sequences)
            inner = list(values)
            self.run_statements(body, inner, path)
            self.kept[path] = inner[len(values) :]
            del self.sequences[known:]
        values.extend(self.kept.get(path, [self.zeros] * count_values(body)))

    def _cond(
        self,
        values: list[Array],
        path: Path,
        condition: int,
        true_body: Sequence[Statement],
        false_body: Sequence[Statement],
    ) -> None:
        known = len(self.sequences)
        inner = list(values)
        if self.condition(values, condition):
            self.run_statements(true_body, inner, (*path, 0))
            values.append(numpy.tanh(inner[-1]))
        else:
            self.run_statements(false_body, inner, (*path, 1))
            values.append(inner[-1] * 0.5)
        del self.sequences[known:]
