"""
What a program means, a second time: unrolled in plain Python, one sequence at a time.

States are variables, loops are ``while``, branches are ``if``. Nothing of ``recipe.nn`` is used, so what both agree
on is no mistake of its recording, of its branches or of its interpreter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy

from .program import LIMIT, NUM_POSITIONS, NUM_STATES, End, Program, Statement, count_values

Array = numpy.ndarray
FUNCTIONS: dict[str, Callable[[Array, Array], Array]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": numpy.maximum,
    "sigmoid": lambda a, b: sigmoid(a) - b,
    "where": lambda a, b: numpy.where(a > b, a, 0.5 * b),
    "by_mean": lambda a, b: a * b.mean(),
}


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + numpy.exp(-x))


def log_softmax(x: Array) -> Array:
    """Of a vector."""
    return x - x.max() - numpy.log(numpy.exp(x - x.max()).sum())


class NeedsLabel(Exception):
    """
    A choice that nothing is known of.

    :ivar log_prob: of each label
    """

    def __init__(self, log_prob: Array):
        super().__init__()
        self.log_prob = log_prob


class Unrolled:
    """
    One run on one sequence.

    :param parameters: by name
    :param feeds: of the batch
    :param index: which sequence of it
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
        self.program = program
        self.parameters = {name: value.astype("float64") for name, value in parameters.items()}
        self.frames = [feeds[f"data{n}"][0][index, : program.lengths[n][index]].astype("float64") for n in range(2)]
        self.longest = max(program.lengths[1])
        self.table, self.vector = (feeds[name][index].astype("float64") for name in ("table", "vector"))
        self.targets = feeds["labels"][0][index, : program.lengths[0][index]]
        self.choices = list(labels)
        self.zeros = numpy.zeros(program.features)
        self.losses: dict[str, float] = {}
        self.state: dict[str, Any] = {"label": 1, "count": 0, "flag": False, "late": self.zeros}
        self.state |= {"nested": (self.zeros, self.vector, self.zeros), "window": self.zeros}
        for number, kind in enumerate(program.initial):
            values = {"number": self.zeros + 0.25 * number, "input": self.vector}
            encoded = numpy.tanh(self.affine("linear/0", self.vector)) if kind == "encoded" else None
            self.state[f"s{number}"] = values.get(kind, encoded)
        self.state |= {f"c{number}": (self.zeros, self.zeros) for number in range(2)}
        self.kept: dict[tuple[int, ...], list[Array]] = {}
        self.histories: dict[tuple[int, ...], list[Array]] = {}

    def run(self) -> dict[str, Any]:
        """The outputs; "steps" only where the loop runs."""
        outputs: dict[str, Any] = {"vector": self.vector * 0.5}
        if not self.program.around or self.vector.sum() > 0.0:
            steps, last = self._main_loop()
            outputs |= {"steps": steps, "last": last}
            self.losses["loss"] = sum(float(step.sum()) * 0.1 for step in steps)
        elif self.program.around == "mask":
            outputs["last"] = self.zeros
        else:
            self.state["s0"] = numpy.tanh(self.vector)
            outputs["last"] = self.vector
        for number in range(NUM_STATES):
            outputs[f"state{number}"] = self.state[f"s{number}"]
            self.losses[f"state{number}_loss"] = float(self.state[f"s{number}"].sum())
        outputs |= {f"cell{number}": self.state[f"c{number}"][0] for number in range(2)}
        outputs |= {name: self.state[name] for name in ("label", "count", "flag", "late", "window")}
        outputs["nested_a"], _, outputs["nested_b"] = self.state["nested"]
        return outputs

    # loops

    def _main_loop(self) -> tuple[list[Array], Array]:
        program = self.program
        limit = {"number": LIMIT - 1, "tensor": self.longest}.get(program.max_seq_len)
        if program.over == "nothing":
            limit = LIMIT if limit is None else limit
        steps: list[Array] = []
        self._run_loop([], self._frames(), limit, program.body, program.end, (), steps)
        return steps, steps[-1] if steps else self.zeros

    def _frames(self) -> list[Array] | None:
        first, second = self.frames
        if self.program.over == "nothing":
            return None
        if self.program.over == "second":
            return [sum((first_frame * 0.5 + frame for first_frame in first), self.zeros) * 0.3 for frame in second]
        if self.program.over == "positions":
            return [self.table[position] for position in range(NUM_POSITIONS)]
        return {"time": first, "other_time": second, "backwards": first[::-1]}[self.program.over]

    def _run_loop(
        self,
        values: list[Array],
        frames: Sequence[Array] | None,
        limit: int | None,
        body: Sequence[Statement],
        end: End | None,
        path: tuple[int, ...],
        steps: list[Array],
        reads: bool = True,
    ) -> None:
        """Appends the last value of the body in each step that counts to ``steps``."""
        around = self.kept, self.histories
        self.kept, self.histories = {}, {}
        step = 0
        while (frames is None or step < len(frames)) and (limit is None or step < limit):
            before, losses = dict(self.state), dict(self.losses)
            inner = list(values)
            if reads:
                inner.append(self.vector if frames is None else frames[step])
            self.step = step
            ends = self._ends(end, step) if end is not None and end.place == "top" else False
            self._run(body, inner, path)
            if end is not None and end.place != "top":
                ends = (end.place == "bottom" or self.state["s1"].sum() > -0.5) and self._ends(end, step)
            if ends and end is not None and not end.include_eos:
                self.state, self.losses = before, losses
                break
            steps.append(inner[-1])
            step += 1
            if ends:
                break
        self.kept, self.histories = around

    def _ends(self, end: End, step: int) -> bool:
        if end.condition == "length":
            return step >= len(self.frames[1])
        if end.condition == "value":
            return bool(self.state[f"s{end.number % NUM_STATES}"].sum() > 0.7)
        if end.condition == "label":
            return self.state["label"] == 0
        return step >= end.number

    # the statements

    def _run(self, statements: Sequence[Statement], values: list[Array], path: tuple[int, ...]) -> None:
        for position, (kind, *arguments) in enumerate(statements):
            getattr(self, f"_{kind}")(values, (*path, position), *arguments)

    def affine(self, name: str, x: Array) -> Array:
        """``x W + b``."""
        return x @ self.parameters[f"{name}/W"] + self.parameters.get(f"{name}/b", 0.0)

    def _pick(self, values: list[Array], index: int) -> Array:
        readable = [*values, *(self.state[f"s{number}"] for number in range(NUM_STATES))]
        return readable[index % len(readable)]

    def _condition(self, values: list[Array], index: int) -> bool:
        return bool(self._pick(values, index).sum() > 0.1)

    def _function(self, values: list[Array], path: tuple, name: str, left: int, right: int) -> None:
        values.append(numpy.tanh(FUNCTIONS[name](self._pick(values, left), self._pick(values, right))))

    def _linear(self, values: list[Array], path: tuple, number: int, source: int) -> None:
        values.append(numpy.tanh(self.affine(f"linear/{number}", self._pick(values, source))))

    def _square(self, values: list[Array], path: tuple, source: int) -> None:
        values.append(numpy.tanh(self.affine("back", self.affine("forth", self._pick(values, source)))))

    def _outer(self, values: list[Array], path: tuple) -> None:
        values.append(numpy.tanh(self.vector))

    def _cell(self, values: list[Array], path: tuple, number: int, source: int) -> None:
        h, c = self.state[f"c{number}"]
        name = f"cells/{number}"
        gates = self.affine(name, self._pick(values, source)) + h @ self.parameters[f"{name}/W_re"]
        j, i, f, o = numpy.split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(j)
        h = sigmoid(o) * numpy.tanh(c)
        self.state[f"c{number}"] = h, c
        values.append(h)

    def _assign(self, values: list[Array], path: tuple, state: int, source: int) -> None:
        self.state[f"s{state}"] = self._pick(values, source)

    def _reset(self, values: list[Array], path: tuple, state: int) -> None:
        self.state[f"s{state}"] = self.zeros

    def _late(self, values: list[Array], path: tuple, source: int) -> None:
        self.state["late"] = numpy.tanh(self._pick(values, source) + self.state["late"])
        values.append(self.state["late"])

    def _nested(self, values: list[Array], path: tuple, source: int) -> None:
        a, first, second = self.state["nested"]
        self.state["nested"] = first, second, numpy.tanh(self._pick(values, source))
        values.append(a - second)

    def _window(self, values: list[Array], path: tuple, source: int) -> None:
        frame = self._pick(values, source)
        values.append(numpy.tanh(self.affine("both", numpy.concatenate([self.state["window"], frame]))))
        self.state["window"] = frame

    def _history(self, values: list[Array], path: tuple, source: int) -> None:
        x = self._pick(values, source)
        past = self.histories.setdefault(path, [])
        past.append(x)
        query = self.affine("history/query", x) * self.program.features**-0.5
        energy = numpy.array([self.affine("history/key", frame) @ query for frame in past])
        weights = numpy.exp(log_softmax(energy))
        values.append(sum((w * self.affine("history/value", x) for w, x in zip(weights, past)), self.zeros))

    def _attend(self, values: list[Array], path: tuple, source: int) -> None:
        query = self.affine("attention/query", self._pick(values, source)) * self.program.features**-0.5
        energy = numpy.array([self.affine("attention/key", frame) @ query for frame in self.frames[1]])
        values.append(numpy.exp(log_softmax(energy)) @ self.frames[1])

    def _label(self, values: list[Array], path: tuple, source: int) -> None:
        self.state["label"] = int(self.affine("readout", self._pick(values, source)).argmax())

    def _embed(self, values: list[Array], path: tuple) -> None:
        values.append(numpy.tanh(self.parameters["embedding/W"][self.state["label"]]))

    def _choice(self, values: list[Array], path: tuple, source: int) -> None:
        log_prob = log_softmax(self._logits(values, source))
        if self.program.beam_size:
            if not self.choices:
                raise NeedsLabel(log_prob)
            self.state["label"] = self.choices.pop(0)
        else:
            target = int(self.targets[self.step])
            self.losses["cross_entropy"] = self.losses.get("cross_entropy", 0.0) - log_prob[target]
            self.state["label"] = target
        self._embed(values, path)

    def _greedy(self, values: list[Array], path: tuple, source: int) -> None:
        self.state["label"] = int(self._logits(values, source).argmax())
        self._embed(values, path)

    def _logits(self, values: list[Array], source: int) -> Array:
        embedded = self.parameters["embedding/W"][self.state["label"]]
        return self.affine("readout", numpy.tanh(self._pick(values, source) + embedded + self.step * 0.3))

    def _count(self, values: list[Array], path: tuple, condition: int) -> None:
        self.state["count"] += self._condition(values, condition)

    def _count_value(self, values: list[Array], path: tuple, source: int) -> None:
        values.append(numpy.tanh(self._pick(values, source) * self.state["count"]))

    def _flag(self, values: list[Array], path: tuple, condition: int) -> None:
        self.state["flag"] = self.state["flag"] or self._condition(values, condition)

    def _flag_value(self, values: list[Array], path: tuple, true: int, false: int) -> None:
        values.append(self._pick(values, true) if self.state["flag"] else -self._pick(values, false))

    def _loss(self, values: list[Array], path: tuple, source: int) -> None:
        self.losses["squares"] = self.losses.get("squares", 0.0) + float((self._pick(values, source) ** 2).sum())

    # blocks

    def _mask(self, values: list[Array], path: tuple, condition: int, body: Sequence[Statement]) -> None:
        """Its values stay what they were in the last step in which the mask was true; zero before the first."""
        if self._condition(values, condition):
            inner = list(values)
            self._run(body, inner, path)
            self.kept[path] = inner[len(values) :]
        values.extend(self.kept.get(path, [self.zeros] * count_values(body)))

    def _cond(
        self,
        values: list[Array],
        path: tuple,
        condition: int,
        true_body: Sequence[Statement],
        false_body: Sequence[Statement],
    ) -> None:
        inner = list(values)
        if self._condition(values, condition):
            self._run(true_body, inner, (*path, 0))
            values.append(numpy.tanh(inner[-1]))
        else:
            self._run(false_body, inner, (*path, 1))
            values.append(inner[-1] * 0.5)

    def _loop(
        self,
        values: list[Array],
        path: tuple,
        end_after: int | None,
        unstacks: bool,
        body: Sequence[Statement],
        *end: Any,
    ) -> None:
        frames = self.frames[1] if unstacks or end_after is None else None
        steps: list[Array] = []
        outer_step = self.step
        self._run_loop(
            values,
            frames,
            LIMIT if frames is None else None,
            body,
            None if end_after is None else End("steps", end_after, *end),
            path,
            steps,
            reads=frames is not None,
        )
        self.step = outer_step
        values.append(steps[-1] if steps else self.zeros)
