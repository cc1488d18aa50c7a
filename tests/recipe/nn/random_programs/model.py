"""What a program says, as a Module."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from recipe import nn

from .program import LIMIT, NUM_CELLS, NUM_LABELS, NUM_LINEAR, NUM_POSITIONS, NUM_STATES, End, Program, Statement

FUNCTIONS: dict[str, Callable[[nn.Tensor, nn.Tensor], nn.Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": nn.maximum,
    "sigmoid": lambda a, b: nn.sigmoid(a) - b,
    "where": lambda a, b: nn.where(a > b, a, 0.5 * b),
    "by_mean": lambda a, b: a * nn.reduce_mean(b),
}


class RandomModel(nn.Module):
    """The calls of its modules share their parameters."""

    def __init__(self, program: Program):
        super().__init__()
        self.program = program
        features = self.features = nn.Dim(program.features, name="features")
        self.others = nn.Dim(program.features, name="others")
        self.labels = nn.Dim(NUM_LABELS, name="labels")
        self.positions = nn.Dim(NUM_POSITIONS, name="positions")
        self.times = [nn.Dim(None, name="time"), nn.Dim(None, name="other_time")]
        self.linear = nn.ModuleList([nn.Linear(features, features) for _ in range(NUM_LINEAR)])
        self.cells = nn.ModuleList([nn.LstmCell(features, features) for _ in range(NUM_CELLS)])
        self.forth, self.back = nn.Linear(features, self.others), nn.Linear(self.others, features)
        self.both = nn.Linear(2 * features, features)
        self.readout, self.embedding = nn.Linear(features, self.labels), nn.Embedding(self.labels, features)
        self.history = nn.CausalSelfAttention(features, self.others, features)
        self.attention = nn.DotAttention(features, features, self.others)
        self.window = nn.Window(features, 2)

    def forward(self) -> dict[str, nn.Tensor]:
        """The final values of all states, and the last value of the body in all steps and in the last."""
        self._declare_inputs()
        self._make_states()
        self.outputs: dict[str, nn.Tensor] = {"vector": self.vector * 0.5}
        if self.program.around == "mask":
            with nn.MaskedComputation(mask=nn.reduce_sum(self.vector) > 0.0):
                self._main_loop()
        elif self.program.around == "cond":
            with nn.Cond(nn.reduce_sum(self.vector) > 0.0) as cond:
                self._main_loop()
                cond.true = self.outputs.pop("steps"), self.outputs.pop("last")
            with cond.false_branch():
                self.states[0].assign(nn.tanh(self.vector))
                cond.false = nn.zeros(cond.true[0].dims), self.vector
            self.outputs["steps"], self.outputs["last"] = cond.result
        else:
            self._main_loop()
        self._mark_loss(self.outputs["steps"] * 0.1, "loss")
        self._final_states()
        return self.outputs

    def _declare_inputs(self) -> None:
        batch, (time, other_time) = nn.batch_dim, self.times
        dims = {
            "data0": [batch, time, self.features],
            "data1": [batch, other_time, self.features],
            "grid": [batch, time, other_time, self.features],
            "table": [batch, self.positions, self.features],
            "vector": [batch, self.features],
        }
        inputs = {name: nn.get_extern_data(nn.ExternData(name, dims[name])) for name in dims}
        if self.program.over == "backwards":
            inputs["reversed"] = nn.reverse(inputs["data0"])
        inputs["labels"] = nn.get_extern_data(nn.ExternData("labels", [batch, time], sparse_dim=self.labels))
        self.inputs, self.vector = inputs, inputs["vector"]

    def _make_states(self) -> None:
        dims = [nn.batch_dim, self.features]
        initial = {"input": lambda: self.vector, "encoded": lambda: nn.tanh(self.linear[0](self.vector))}
        self.states = [
            nn.State(dims, initial=0.25 * number, name=f"s{number}")
            if kind == "number"
            else nn.State(initial=initial[kind](), name=f"s{number}")
            for number, kind in enumerate(self.program.initial)
        ]
        self.cell_states = [nn.State(initial=cell.initial_state(), name=f"c{n}") for n, cell in enumerate(self.cells)]
        zeros = nn.zeros(dims)
        self.nested = nn.State(initial={"a": zeros, "b": (self.vector, zeros)}, name="nested")
        self.frames_before = nn.State(initial=self.window.initial_state(), name="window")
        self.late = nn.State(name="late")
        self.label = nn.State(initial=nn.constant(1, [nn.batch_dim], sparse_dim=self.labels), name="label")
        self.count = nn.State([nn.batch_dim], initial=0, dtype="int32", name="count")
        self.flag = nn.State([nn.batch_dim], initial=False, dtype="bool", name="flag")

    def _final_states(self) -> None:
        for number, state in enumerate(self.states):
            self.outputs[f"state{number}"] = state.get()
            self._mark_loss(state.get(), f"state{number}_loss")
        for number, cell_state in enumerate(self.cell_states):
            self.outputs[f"cell{number}"] = cell_state.get().h
        outputs = {"label": lambda: {"label": self.label.get()}, "count": lambda: {"count": self.count.get()}}
        outputs |= {"flag": lambda: {"flag": self.flag.get()}, "late": lambda: {"late": self.late.get()}}
        outputs["nested"] = lambda: {"nested_a": self.nested.get()["a"], "nested_b": self.nested.get()["b"][1]}
        outputs["window"] = lambda: {"window": self.frames_before.get()[0]}
        for kind, values in outputs.items():
            if self.program.uses(kind):
                self.outputs.update(values())

    def _mark_loss(self, loss: nn.Tensor, name: str) -> None:
        if not self.program.beam_size:
            loss.mark_as_loss(name)

    # loops

    def _main_loop(self) -> None:
        program = self.program
        limit: int | nn.Tensor | None = LIMIT - 1 if program.max_seq_len == "number" else None
        if program.max_seq_len == "tensor":
            limit = nn.reduce_max(self.inputs["data1"].seq_len, nn.batch_dim)
        elif limit is None and program.over == "nothing":
            limit = LIMIT
        with nn.Loop(max_seq_len=limit) as loop:
            self.main_loop = loop
            values = [self._frame(loop)]
            self._run_to_end(program.body, values, loop, program.end)
            self.outputs["steps"], self.outputs["last"] = loop.stack(values[-1]), loop.last(values[-1])

    def _frame(self, loop: nn.Loop) -> nn.Tensor:
        over, data = self.program.over, self.inputs["data0"]
        if over == "nothing":
            return self.vector
        if over == "second":
            return nn.reduce_sum(loop.unstack(self.inputs["grid"], axis=self.times[1]), self.times[0]) * 0.3
        if over == "backwards":
            return loop.unstack(self.inputs["reversed"])
        if over == "positions":
            return loop.unstack(self.inputs["table"], axis=self.positions)
        return loop.unstack(data if over == "time" else self.inputs["data1"])

    def _run_to_end(self, body: Sequence[Statement], values: list[nn.Tensor], loop: nn.Loop, end: End | None) -> None:
        if end is not None and end.place == "top":
            loop.end(self._end_condition(loop, end), include_eos=end.include_eos)
        self._run(body, values, loop)
        if end is not None and end.place == "masked":
            with nn.MaskedComputation(mask=nn.reduce_sum(self.states[1].get()) > -0.5):
                loop.end(self._end_condition(loop, end), include_eos=end.include_eos)
        elif end is not None and end.place == "bottom":
            loop.end(self._end_condition(loop, end), include_eos=end.include_eos)

    def _end_condition(self, loop: nn.Loop, end: End) -> nn.Tensor:
        if end.condition == "length":
            return loop.iter_idx >= self.inputs["data1"].seq_len
        if end.condition == "value":
            return nn.reduce_sum(self.states[end.number % NUM_STATES].get()) > 0.7
        if end.condition == "label":
            return self.label.get() == 0
        return loop.iter_idx >= end.number

    # the statements

    def _run(self, statements: Sequence[Statement], values: list[nn.Tensor], loop: nn.Loop) -> None:
        for kind, *arguments in statements:
            getattr(self, f"_{kind}")(values, loop, *arguments)

    def _pick(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        readable = [*values, *(state.get() for state in self.states)]
        return readable[index % len(readable)]

    def _condition(self, values: list[nn.Tensor], index: int) -> nn.Tensor:
        return nn.reduce_sum(self._pick(values, index)) > 0.1

    def _function(self, values: list[nn.Tensor], loop: nn.Loop, name: str, left: int, right: int) -> None:
        values.append(nn.tanh(FUNCTIONS[name](self._pick(values, left), self._pick(values, right))))

    def _linear(self, values: list[nn.Tensor], loop: nn.Loop, number: int, source: int) -> None:
        values.append(nn.tanh(self.linear[number](self._pick(values, source))))

    def _square(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(nn.tanh(self.back(self.forth(self._pick(values, source)))))

    def _outer(self, values: list[nn.Tensor], loop: nn.Loop) -> None:
        values.append(nn.tanh(self.vector))

    def _cell(self, values: list[nn.Tensor], loop: nn.Loop, number: int, source: int) -> None:
        h, new = self.cells[number](self._pick(values, source), self.cell_states[number].get())
        self.cell_states[number].assign(new)
        values.append(h)

    def _assign(self, values: list[nn.Tensor], loop: nn.Loop, state: int, source: int) -> None:
        self.states[state].assign(self._pick(values, source))

    def _reset(self, values: list[nn.Tensor], loop: nn.Loop, state: int) -> None:
        self.states[state].assign(nn.zeros([nn.batch_dim, self.features]))

    def _late(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        self.late.assign(nn.tanh(self._pick(values, source) + self.late.get()))
        values.append(self.late.get())

    def _nested(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        before = self.nested.get()
        self.nested.assign({"a": before["b"][0], "b": (before["b"][1], nn.tanh(self._pick(values, source)))})
        values.append(before["a"] - self.nested.get()["b"][0])

    def _window(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        frames, state = self.window(self._pick(values, source), self.frames_before.get())
        self.frames_before.assign(state)
        values.append(nn.tanh(self.both(frames)))

    def _history(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(self.history(self._pick(values, source)))

    def _attend(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(self.attention(self._pick(values, source), self.inputs["data1"]))

    def _label(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        self.label.assign(nn.argmax(self.readout(self._pick(values, source))))

    def _embed(self, values: list[nn.Tensor], loop: nn.Loop) -> None:
        values.append(nn.tanh(self.embedding(self.label.get())))

    def _choice(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        logits = self._logits(values, loop, source)
        if self.program.beam_size:
            search = nn.BeamSearch(self.program.beam_size, self.program.length_normalization)
            self.label.assign(nn.choice(logits, search=search))
        else:
            target = loop.unstack(self.inputs["labels"])
            nn.cross_entropy(logits, target).mark_as_loss("cross_entropy")
            self.label.assign(nn.choice(logits, target=target))
        values.append(nn.tanh(self.embedding(self.label.get())))

    def _greedy(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        self.label.assign(nn.argmax(self._logits(values, loop, source)))
        self._embed(values, loop)

    def _logits(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> nn.Tensor:
        """The scores of the next label, after the one before; others in each step, so that no two sums are alike."""
        x = self._pick(values, source) + self.embedding(self.label.get())
        return self.readout(nn.tanh(x + nn.cast(loop.iter_idx, "float32") * 0.3))

    def _count(self, values: list[nn.Tensor], loop: nn.Loop, condition: int) -> None:
        count = self.count.get()
        self.count.assign(nn.where(self._condition(values, condition), count + 1, count))

    def _count_value(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(nn.tanh(self._pick(values, source) * nn.cast(self.count.get(), "float32")))

    def _flag(self, values: list[nn.Tensor], loop: nn.Loop, condition: int) -> None:
        self.flag.assign(nn.logical_or(self.flag.get(), self._condition(values, condition)))

    def _flag_value(self, values: list[nn.Tensor], loop: nn.Loop, true: int, false: int) -> None:
        values.append(nn.where(self.flag.get(), self._pick(values, true), -self._pick(values, false)))

    def _loss(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        value = self._pick(values, source)
        self._mark_loss(nn.reduce_sum(value * value), "squares")

    # blocks

    def _mask(self, values: list[nn.Tensor], loop: nn.Loop, condition: int, body: Sequence[Statement]) -> None:
        with nn.MaskedComputation(mask=self._condition(values, condition)):
            self._run(body, values, loop)

    def _cond(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop,
        condition: int,
        true_body: Sequence[Statement],
        false_body: Sequence[Statement],
    ) -> None:
        with nn.Cond(self._condition(values, condition)) as cond:
            inner = list(values)
            self._run(true_body, inner, loop)
            cond.true = nn.tanh(inner[-1])
        with cond.false_branch():
            inner = list(values)
            self._run(false_body, inner, loop)
            cond.false = inner[-1] * 0.5
        values.append(cond.result)

    def _loop(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop,
        end_after: int | None,
        unstacks: bool,
        body: Sequence[Statement],
        *end: Any,
    ) -> None:
        """:param end: its other fields"""
        with nn.Loop(max_seq_len=None if unstacks or end_after is None else LIMIT) as inner_loop:
            inner = list(values)
            if unstacks or end_after is None:
                inner.append(inner_loop.unstack(self.inputs["data1"]))
            self._run_to_end(body, inner, inner_loop, None if end_after is None else End("steps", end_after, *end))
            last = inner_loop.last(inner[-1])
        values.append(last)
