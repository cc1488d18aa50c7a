"""What a program says, as a Module."""

from __future__ import annotations

from recipe import nn

from .loops import LoopsOfModel
from .parts import SequenceOfVectors


class RandomModel(LoopsOfModel):
    """The loop of a program and what is around it. The calls of its modules share their parameters."""

    def forward(self) -> dict[str, nn.Tensor]:
        """The final values of all states, and the last value of the body in all steps and in the last."""
        self.declare_inputs()
        self.make_states()
        self.sequences, self.choices = [], 0
        self.outputs = {"vector": self.vector * 0.5}
        values = [self.vector]
        self.run_statements(self.program.before, values, None)
        if self.program.around == "mask":
            with nn.MaskedComputation(mask=nn.reduce_sum(self.vector) > 0.0):
                self._main_loop(values)
        elif self.program.around == "cond":
            with nn.Cond(nn.reduce_sum(self.vector) > 0.0) as cond:
                self._main_loop(values)
                cond.true = self.outputs.pop("steps"), self.outputs.pop("last")
            with cond.false_branch():
                self.states[0].assign(nn.tanh(self.vector))
                cond.false = nn.zeros(cond.true[0].dims), self.vector
            self.outputs["steps"], self.outputs["last"] = cond.result
        else:
            self._main_loop(values)
        self.mark_loss(self.outputs["steps"] * 0.1, "loss")
        if self.program.after:
            values = [*values, self.outputs["last"]]
            self.run_statements(self.program.after, values, None)
            self.outputs["after"] = values[-1]
        self.final_states()
        return self.outputs

    def _main_loop(self, before: list[nn.Tensor]) -> None:
        program = self.program
        limit = program.max_seq_len
        if not limit and program.over == "nothing":
            limit = "most"
        axis = self.times[0] if program.over == "given" else None
        if program.over != "nothing":
            self.main_sequence = self._main_sequence(before)
        known = len(self.sequences)
        with nn.Loop(axis, max_seq_len=self.limit(limit)) as loop:
            self.main_loop = loop
            values = [*before[1:], self._main_frame(loop)]
            first = len(values) - 1
            self.run_to_end(program.body, values, loop, program.end)
            self.outputs["steps"], self.outputs["last"] = loop.stack(values[-1]), loop.last(values[-1])
            if program.outputs == "each":
                self.outputs |= {f"value{n}": loop.stack(value) for n, value in enumerate(values[first:])}
            elif program.outputs == "sum":
                self.outputs["sum"] = loop.stack(nn.tanh(sum(values[first:-1], values[-1])))
            if program.reads_found:
                self.outputs["labels"] = loop.stack(self.label.get())
            self.main_axis = loop.axis
        del self.sequences[known:]

    def _main_sequence(self, before: list[nn.Tensor]) -> SequenceOfVectors:
        over = self.program.over
        if not isinstance(over, str):
            return self.sequence(before, None, over)
        name, axis = {
            "second": ("data1", self.times[1]),
            "other_time": ("data1", self.times[1]),
            "positions": ("table", self.positions),
            "backwards": ("reversed", self.times[0]),
        }.get(over, ("data0", self.times[0]))
        return SequenceOfVectors(self.inputs[name], axis)

    def _main_frame(self, loop: nn.Loop) -> nn.Tensor:
        over = self.program.over
        if over == "nothing":
            return self.vector
        if over == "second":
            return nn.reduce_sum(loop.unstack(self.inputs["grid"], axis=self.times[1]), self.times[0]) * 0.3
        if over == "given":
            return self.main_sequence.tensor[loop.iter_idx]
        return loop.unstack(self.main_sequence.tensor, axis=self.main_sequence.axis)
