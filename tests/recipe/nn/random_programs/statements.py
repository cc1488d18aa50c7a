"""What the statements of a program are in its model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recipe import nn

from .frames import FramesOfModel
from .program import NUM_LABELS, Frames, Statement

FUNCTIONS: dict[str, Callable[[nn.Tensor, nn.Tensor], nn.Tensor]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "maximum": nn.maximum,
    "sigmoid": lambda a, b: nn.sigmoid(a) - b,
    "where": lambda a, b: nn.where(a > b, a, 0.5 * b),
    "by_mean": lambda a, b: a * nn.reduce_mean(b),
}
DROPOUT = 0.25


class StatementsOfModel(FramesOfModel):
    """Methods ``_KIND``; they append to the values what they add to those that later statements may read."""

    choices = 0
    """How many choices were made so far."""

    def run_statements(self, statements: Sequence[Statement], values: list[nn.Tensor], loop: nn.Loop | None) -> None:
        """
        Runs them.

        :param values: what they may read, beside the states
        :param loop: the innermost loop around
        """
        for kind, *arguments in statements:
            getattr(self, f"_{kind}")(values, loop, *arguments)

    # values

    def _function(self, values: list[nn.Tensor], loop: nn.Loop | None, name: str, left: int, right: int) -> None:
        values.append(nn.tanh(FUNCTIONS[name](self.pick(values, left), self.pick(values, right))))

    def _linear(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int, source: int) -> None:
        values.append(nn.tanh(self.linear[number](self.pick(values, source))))

    def _square(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(nn.tanh(self.back(self.forth(self.pick(values, source)))))

    def _outer(self, values: list[nn.Tensor], loop: nn.Loop | None) -> None:
        values.append(nn.tanh(self.vector))

    def _concat(self, values: list[nn.Tensor], loop: nn.Loop | None, left: int, right: int) -> None:
        values.append(nn.tanh(self.both(nn.concat(self.pick(values, left), self.pick(values, right)))))

    def _slice(self, values: list[nn.Tensor], loop: nn.Loop | None, left: int, right: int) -> None:
        values.append(nn.slice(nn.concat(self.pick(values, left), self.pick(values, right)), 1, self.features))

    def _softmax(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(nn.softmax(self.pick(values, source)))

    def _norm(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(nn.tanh(self.norm(self.pick(values, source) + self.vector)))

    def _dropout(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(nn.tanh(self.forth_and_back(nn.dropout(self.pick(values, source), DROPOUT))))

    def forth_and_back(self, x: nn.Tensor) -> nn.Tensor:
        """Two linear maps."""
        return self.back(nn.relu(self.forth(x)))

    def _timed(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(nn.tanh(self.pick(values, source) * nn.cast(loop.iter_idx, "float32") * 0.3))

    def _position(self, values: list[nn.Tensor], loop: nn.Loop, source: int) -> None:
        values.append(nn.tanh(nn.positional_encoding(self.pick(values, source))))

    # cells and states

    def _cell(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int, source: int) -> None:
        h, new = self.cells[number](self.pick(values, source), self.cell_states[number].get())
        self.cell_states[number].assign(new)
        values.append(h)

    def _other_cell(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        h, new = self.cells[0](self.pick(values, source), self.other_cell_state.get())
        self.other_cell_state.assign(new)
        values.append(h)

    def _restart(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int, source: int) -> None:
        values.append(self.cells[number](self.pick(values, source), self.cells[number].initial_state())[0])

    def _peek(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int, source: int) -> None:
        values.append(self.cells[number](self.pick(values, source), self.cell_states[number].get())[0])

    def _assign(self, values: list[nn.Tensor], loop: nn.Loop | None, state: int, source: int) -> None:
        self.states[state].assign(self.pick(values, source))

    def _reset(self, values: list[nn.Tensor], loop: nn.Loop | None, state: int) -> None:
        self.states[state].assign(nn.zeros([nn.batch_dim, self.features]))

    def _swap(self, values: list[nn.Tensor], loop: nn.Loop | None, first: int, second: int) -> None:
        one, other = self.states[first].get(), self.states[second].get()
        self.states[first].assign(other)
        self.states[second].assign(one)

    def _late(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        self.late.assign(nn.tanh(self.pick(values, source) + self.late.get()))
        values.append(self.late.get())

    def _nested(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        before = self.nested.get()
        self.nested.assign({"a": before["b"][0], "b": (before["b"][1], nn.tanh(self.pick(values, source)))})
        values.append(before["a"] - self.nested.get()["b"][0])

    def _window(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        frames, state = self.window(self.pick(values, source), self.frames_before.get())
        self.frames_before.assign(state)
        values.append(nn.tanh(self.both(frames)))

    def _count(self, values: list[nn.Tensor], loop: nn.Loop | None, condition: int) -> None:
        count = self.count.get()
        self.count.assign(nn.where(self.condition(values, condition), count + 1, count))

    def _count_value(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(nn.tanh(self.pick(values, source) * nn.cast(self.count.get(), "float32")))

    def _flag(self, values: list[nn.Tensor], loop: nn.Loop | None, condition: int) -> None:
        self.flag.assign(nn.logical_or(self.flag.get(), self.condition(values, condition)))

    def _flag_value(self, values: list[nn.Tensor], loop: nn.Loop | None, true: int, false: int) -> None:
        values.append(nn.where(self.flag.get(), self.pick(values, true), -self.pick(values, false)))

    def _tick(self, values: list[nn.Tensor], loop: nn.Loop | None) -> None:
        self.ticks.assign(self.ticks.get() + 1)

    def _memory(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        self.memory.assign(nn.tanh(self.memory.get() + self.pick(values, source)))

    # sequences

    def _history(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(self.history(self.pick(values, source)))

    def _attend(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        values.append(self.attention(self.pick(values, source), self.inputs["data1"]))

    def _read(self, values: list[nn.Tensor], loop: nn.Loop | None, kind: str, frames: Frames, source: int) -> None:
        values.append(self.read(kind, self.sequence(values, loop, frames), self.pick(values, source), loop))

    def _keep(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> None:
        self.sequences.append(self.sequence(values, loop, frames))

    def _unstack(self, values: list[nn.Tensor], loop: nn.Loop, frames: Frames) -> None:
        x = self.sequence(values, loop, frames)
        values.append(loop.unstack(x.tensor, axis=x.axis))

    def _grid(self, values: list[nn.Tensor], loop: nn.Loop, frames: Frames) -> None:
        self.outputs[f"grid{len(self.outputs)}"] = loop.stack(self.sequence(values, loop, frames).tensor)

    def _loss_over(self, values: list[nn.Tensor], loop: nn.Loop | None, frames: Frames) -> None:
        x = self.sequence(values, loop, frames).tensor
        self.mark_loss(nn.reduce_sum(x * x) * 0.1, "frames")

    # labels

    def _label(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        self.label.assign(nn.argmax(self.readout(self.pick(values, source))))

    def _embed(self, values: list[nn.Tensor], loop: nn.Loop | None) -> None:
        values.append(nn.tanh(self.embedding(self.label.get())))

    def _embed_step(self, values: list[nn.Tensor], loop: nn.Loop) -> None:
        label = nn.cast(loop.iter_idx % NUM_LABELS, "int32", sparse_dim=self.labels)
        values.append(nn.tanh(self.embedding(label) + self.vector))

    def _emit(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        moves = self.second.get() == 0
        values.append(nn.where(moves, self.pick(values, source), nn.tanh(self.embedding(self.label.get()))))

    def _choice(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop,
        source: int,
        label: str = "label",
        beam_size: int | None = None,
    ) -> None:
        state = self.label if label == "label" else self.second
        logits = self._logits(values, loop, source, state)
        if self.program.beam_size:
            search = nn.BeamSearch(beam_size or self.program.beam_size, self.program.length_normalization)
            state.assign(nn.choice(logits, search=search))
        else:
            target = loop.unstack(self.inputs["labels"])
            nn.cross_entropy(logits, target).mark_as_loss("cross_entropy")
            state.assign(nn.choice(logits, target=target))
        values.append(nn.tanh(self.embedding(state.get())))

    def _greedy(
        self, values: list[nn.Tensor], loop: nn.Loop, source: int, label: str = "label", beam_size: int | None = None
    ) -> None:
        state = self.label if label == "label" else self.second
        state.assign(nn.argmax(self._logits(values, loop, source, state)))
        values.append(nn.tanh(self.embedding(state.get())))

    def _logits(self, values: list[nn.Tensor], loop: nn.Loop, source: int, label: nn.State) -> nn.Tensor:
        """The scores of the next label, after the one before; others in each step, so that no two sums are alike."""
        x = self.pick(values, source) + self.embedding(label.get())
        if self.choices:
            x = x - 0.17 * self.choices  # nor those of two choices in a step
        self.choices += 1
        return self.readout(nn.tanh(x + nn.cast(loop.iter_idx, "float32") * 0.3))

    # losses

    def _loss(self, values: list[nn.Tensor], loop: nn.Loop | None, source: int) -> None:
        value = self.pick(values, source)
        self.mark_loss(nn.reduce_sum(value * value), "squares")

    # branches

    def _mask(self, values: list[nn.Tensor], loop: nn.Loop | None, condition: int, body: Sequence[Statement]) -> None:
        known = len(self.sequences)
        with nn.MaskedComputation(mask=self.condition(values, condition)):
            self.run_statements(body, values, loop)
        del self.sequences[known:]

    def _cond(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop | None,
        condition: int,
        true_body: Sequence[Statement],
        false_body: Sequence[Statement],
    ) -> None:
        known = len(self.sequences)
        with nn.Cond(self.condition(values, condition)) as cond:
            inner = list(values)
            self.run_statements(true_body, inner, loop)
            cond.true = nn.tanh(inner[-1])
        del self.sequences[known:]
        with cond.false_branch():
            inner = list(values)
            self.run_statements(false_body, inner, loop)
            cond.false = inner[-1] * 0.5
        del self.sequences[known:]
        values.append(cond.result)
