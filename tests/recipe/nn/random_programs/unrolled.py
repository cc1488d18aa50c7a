"""
What a program means, a second time: unrolled in plain Python, one sequence at a time.

States are variables, loops are ``while``, branches are ``if``. Nothing of ``recipe.nn`` is used, so what both agree
on is no mistake of its recording, of its branches or of its interpreter.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy

from .plain_numpy import Array
from .program import LIMIT, NUM_POSITIONS, NUM_STATES, End, Statement
from .unrolled_frames import Path
from .unrolled_statements import NeedsLabel, UnrolledStatements

__all__ = ["NeedsLabel", "Unrolled"]


class Unrolled(UnrolledStatements):
    """One run on one sequence."""

    def run(self) -> dict[str, Any]:
        """The outputs; "steps" only where the loop runs."""
        self._make_states()
        outputs: dict[str, Any] = {"vector": self.vector * 0.5}
        before = [self.vector]
        self.run_statements(self.program.before, before, ("before",))
        if not self.program.around or self.vector.sum() > 0.0:
            outputs |= self._main_loop(before)
            self.add_loss("loss", sum(float(step.sum()) * 0.1 for step in outputs["steps"]))
        elif self.program.around == "mask":
            outputs["last"] = self.zeros
        else:
            self.state["s0"] = numpy.tanh(self.vector)
            outputs["last"] = self.vector
        if self.program.after:
            values = [*before, outputs["last"]]
            self.run_statements(self.program.after, values, ("after",))
            outputs["after"] = values[-1]
        for number in range(NUM_STATES):
            outputs[f"state{number}"] = self.state[f"s{number}"]
            self.add_loss(f"state{number}_loss", float(self.state[f"s{number}"].sum()))
        outputs |= {f"cell{number}": self.state[f"c{number}"][0] for number in range(2)}
        outputs["other_cell"] = self.state["other_cell"][1]
        outputs |= {name: self.state[name] for name in ("label", "second", "count", "flag", "late", "window")}
        outputs["memory"] = numpy.reshape(self.state["memory"], (-1, self.program.features))
        outputs["ticks"] = self.vector * self.state["ticks"]
        outputs["nested_a"], _, outputs["nested_b"] = self.state["nested"]
        return outputs

    def _make_states(self) -> None:
        zeros = self.zeros
        self.state |= {"label": 1, "second": 0, "count": 0, "flag": False, "late": zeros, "ticks": 0}
        self.state |= {"nested": (zeros, self.vector, zeros), "window": zeros}
        self.state["memory"] = [frame * 0.5 for frame in self.frames[1]]
        for number, kind in enumerate(self.program.initial):
            values = {"number": zeros + 0.25 * number, "input": self.vector}
            encoded = numpy.tanh(self.affine("linear/0", self.vector)) if kind == "encoded" else None
            self.state[f"s{number}"] = values.get(kind, encoded)
        self.state |= dict.fromkeys(("c0", "c1", "other_cell"), (zeros, zeros))

    # loops

    def _main_loop(self, before: list[Array]) -> dict[str, Any]:
        program = self.program
        limit = {"number": LIMIT - 1, "tensor": self.longest}.get(program.max_seq_len)
        if program.over == "nothing":
            limit = LIMIT if limit is None else limit
        steps = _Steps(first=len(before) - 1, is_main=True)
        frames = self._frames(before)
        self.main_sequence = list((self.frames[1] if program.over == "second" else frames) or [])
        self._run_loop(before[1:], frames, limit, program.body, program.end, (), steps)
        self.stacked, self.found = [values[-1] for values in steps.values], steps.labels
        outputs: dict[str, Any] = {"steps": self.stacked, "last": self.stacked[-1] if self.stacked else self.zeros}
        outputs["labels"] = self.found
        if program.outputs == "each" and steps.values:
            outputs |= {f"value{n}": list(value) for n, value in enumerate(zip(*steps.values))}
        elif program.outputs == "sum":
            outputs["sum"] = [numpy.tanh(sum(values, self.zeros)) for values in steps.values]
        return outputs | steps.grids()

    def _frames(self, before: list[Array]) -> list[Array] | None:
        first, second = self.frames
        over = self.program.over
        if not isinstance(over, str):
            return self.sequence(before, ("over",), over)
        if over == "nothing":
            return None
        if over == "second":
            return [sum((first_frame * 0.5 + frame for first_frame in first), self.zeros) * 0.3 for frame in second]
        if over == "positions":
            return [self.table[position] for position in range(NUM_POSITIONS)]
        return {"time": first, "given": first, "other_time": second, "backwards": first[::-1]}[over]

    def _run_loop(
        self,
        values: list[Array],
        frames: Sequence[Array] | None,
        limit: int | None,
        body: Sequence[Statement],
        end: End | None,
        path: Path,
        steps: _Steps,
    ) -> None:
        """Notes the values of the body in each step that counts."""
        around = self.kept, self.histories, self.ends, self.grids
        self.kept, self.histories = {}, {}
        known = len(self.sequences)
        step = 0
        while (frames is None or step < len(frames)) and (limit is None or step < limit):
            before, losses = dict(self.state), dict(self.losses)
            inner = list(values)
            if frames is not None:
                inner.append(frames[step])
            elif steps.is_main:
                inner.append(self.vector)
            self.steps.append(step)
            if steps.is_main:
                self.main_step = step
            self.ends, self.grids = None, [[]]
            if end is not None and end.place == "top":
                self._check_end(end)
            self.run_statements(body, inner, path)
            if end is not None and (end.place == "bottom" or self._is_end_reached(end)):
                self._check_end(end)
            del self.sequences[known:]
            self.steps.pop()
            if self.ends is not None and not self.ends.include_eos:
                self.state, self.losses = before, losses
                break
            steps.add(inner, self.state["label"], self.grids[0])
            step += 1
            if self.ends is not None:
                break
        self.kept, self.histories, self.ends, self.grids = around

    def _is_end_reached(self, end: End) -> bool:
        return end.place in ("masked", "cond") and self.state["s1"].sum() > -0.5

    def _check_end(self, end: End) -> None:
        if self._is_over(end):
            self.ends = end

    def _is_over(self, end: End) -> bool:
        if end.condition == "length":
            return self.step >= len(self.frames[1])
        if end.condition == "value":
            return bool(self.state[f"s{end.number % NUM_STATES}"].sum() > 0.7)
        if end.condition == "label":
            return self.state["label"] == 0
        return self.step >= end.number

    def _end(self, values: list[Array], path: Path, condition: str, number: int, include_eos: bool) -> None:
        self._check_end(End(condition, number, include_eos))

    def _loop(
        self,
        values: list[Array],
        path: Path,
        end_after: int | None,
        unstacks: bool,
        body: Sequence[Statement],
        *end: Any,
    ) -> None:
        over = ("input", 1) if unstacks or end_after is None else ("nothing",)
        limit = "" if unstacks or end_after is None else "most"
        self._inner(values, path, over, body, None if end_after is None else ("steps", end_after, *end), limit, False)

    def _inner(
        self,
        values: list[Array],
        path: Path,
        over: tuple[Any, ...],
        body: Sequence[Statement],
        end: Sequence[Any] | None,
        limit: str,
        stacks: bool,
    ) -> None:
        most = {"": None, "most": LIMIT, "number": LIMIT - 1, "tensor": self.longest}[limit]
        steps = _Steps(first=0)
        frames = self._looped_over(values, path, over)
        self._run_loop(values, frames, most, body, End(*end) if end is not None else None, path, steps)
        last_values = [step[-1] for step in steps.values]
        values.append(last_values[-1] if last_values else self.zeros)
        if stacks:
            self.sequences.append(last_values)

    def _looped_over(self, values: list[Array], path: Path, over: tuple[Any, ...]) -> Sequence[Array] | None:
        if over[0] == "nothing":
            return None
        if over[0] == "features":
            return [self.vector * element for element in self.pick(values, over[1])]
        if over[0] == "labels":
            labels = self.targets if over[1] == "input" else self.found
            return [numpy.tanh(self.embedding(label)) for label in labels]
        return self.sequence(values, path, over)

    def _batchless(self, values: list[Array], path: Path, number: int, include_eos: bool) -> None:
        values.append(numpy.tanh(self.vector * (number if include_eos else number - 1) * 0.3))


class _Steps:
    """
    What a loop gave in the steps that count.

    :param first: the first of the values that are kept
    """

    def __init__(self, first: int, is_main: bool = False):
        self.first, self.is_main = first, is_main
        self.values: list[list[Array]] = []
        self.labels: list[int] = []
        self._grids: list[list[Any]] = []

    def add(self, values: list[Array], label: int, grids: list[Any]) -> None:
        """Notes a step."""
        self.values.append(values[self.first :])
        self.labels.append(label)
        self._grids.append(grids)

    def grids(self) -> dict[str, list[Any]]:
        """What ``grid`` statements stacked, by the names that :class:`.statements.StatementsOfModel` gives them."""
        rows = [[frames for _, frames in grids] for grids in self._grids]
        return {f"grid{number + 1}": [list(frames) for frames in column] for number, column in enumerate(zip(*rows))}
