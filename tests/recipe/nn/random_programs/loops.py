"""What the loops of a program are in its model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recipe import nn

from .parts import SequenceOfVectors
from .program import LIMIT, End, Frames, Statement
from .statements import StatementsOfModel


class LoopsOfModel(StatementsOfModel):
    """Statements that are loops, and how loops end."""

    def _end(self, values: list[nn.Tensor], loop: nn.Loop, condition: str, number: int, include_eos: bool) -> None:
        end = End(condition, number, include_eos)
        loop.end(self.end_condition(loop, end), include_eos=include_eos)

    def end_condition(self, loop: nn.Loop, end: End) -> nn.Tensor:
        """Whether a sequence ends in this step."""
        if end.condition == "length":
            return loop.iter_idx >= self.inputs["data1"].seq_len
        if end.condition == "value":
            return nn.reduce_sum(self.states[end.number % len(self.states)].get()) > 0.7
        if end.condition == "label":
            return self.label.get() == 0
        return loop.iter_idx >= end.number

    def run_to_end(self, body: Sequence[Statement], values: list[nn.Tensor], loop: nn.Loop, end: End | None) -> None:
        """The body of a loop with its end."""
        if end is not None and end.place == "top":
            loop.end(self.end_condition(loop, end), include_eos=end.include_eos)
        self.run_statements(body, values, loop)
        if end is not None and end.place == "masked":
            with nn.MaskedComputation(mask=nn.reduce_sum(self.states[1].get()) > -0.5):
                loop.end(self.end_condition(loop, end), include_eos=end.include_eos)
        elif end is not None and end.place == "cond":
            with nn.Cond(nn.reduce_sum(self.states[1].get()) <= -0.5) as cond:
                pass
            with cond.false_branch():
                loop.end(self.end_condition(loop, end), include_eos=end.include_eos)
        elif end is not None and end.place == "bottom":
            loop.end(self.end_condition(loop, end), include_eos=end.include_eos)

    def _loop(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop | None,
        end_after: int | None,
        unstacks: bool,
        body: Sequence[Statement],
        *end: Any,
    ) -> None:
        """:param end: its other fields"""
        over: Frames = ("input", 1) if unstacks or end_after is None else ("nothing",)
        limit = "" if unstacks or end_after is None else "most"
        self._inner(values, loop, over, body, None if end_after is None else ("steps", end_after, *end), limit, False)

    def _inner(
        self,
        values: list[nn.Tensor],
        loop: nn.Loop | None,
        over: tuple[Any, ...],
        body: Sequence[Statement],
        end: Sequence[Any] | None,
        limit: str,
        stacks: bool,
    ) -> None:
        """
        :param over: "nothing", "features" of a value, "labels" of an input or found, or :data:`.program.Frames`
        :param end: the fields of an End
        :param limit: as :attr:`.program.Program.max_seq_len`, or "most"
        :param stacks: whether its steps are a sequence for later statements
        """
        known = len(self.sequences)
        steps = None
        source = self._looped_over(values, loop, over)
        with nn.Loop(max_seq_len=self.limit(limit)) as inner_loop:
            inner = list(values)
            if source is not None:
                inner.append(self._frame(inner_loop, over, source))
            self.run_to_end(body, inner, inner_loop, End(*end) if end is not None else None)
            last = inner_loop.last(inner[-1])
            if stacks:
                steps = SequenceOfVectors(inner_loop.stack(inner[-1]), inner_loop.axis)
        del self.sequences[known:]
        values.append(last)
        if steps is not None:
            self.sequences.append(steps)

    def limit(self, limit: str) -> int | nn.Tensor | None:
        """The most steps of a loop."""
        if limit == "tensor":
            return nn.reduce_max(self.inputs["data1"].seq_len, nn.batch_dim)
        return {"": None, "number": LIMIT - 1, "most": LIMIT}[limit]

    def _looped_over(
        self, values: list[nn.Tensor], loop: nn.Loop | None, over: tuple[Any, ...]
    ) -> SequenceOfVectors | None:
        if over[0] == "nothing":
            return None
        if over[0] == "features":
            return SequenceOfVectors(self.pick(values, over[1]), self.features)
        if over[0] == "labels":
            if over[1] == "found":
                return SequenceOfVectors(self.outputs["labels"], self.main_axis)
            return SequenceOfVectors(self.inputs["labels"], self.times[0])
        return self.sequence(values, loop, over)

    def _frame(self, loop: nn.Loop, over: tuple[Any, ...], source: SequenceOfVectors) -> nn.Tensor:
        frame = loop.unstack(source.tensor, axis=source.axis)
        if over[0] == "features":
            return self.vector * frame
        return nn.tanh(self.embedding(frame)) if over[0] == "labels" else frame

    def _batchless(self, values: list[nn.Tensor], loop: nn.Loop | None, number: int, include_eos: bool) -> None:
        """A loop in which nothing has a batch dim."""
        count = nn.State([], initial=0, dtype="int32", name="number")
        count.assign(nn.constant(0))
        with nn.Loop(max_seq_len=LIMIT) as counting:
            count.assign(count.get() + 1)
            counting.end(count.get() >= number, include_eos=include_eos)
        values.append(nn.tanh(self.vector * nn.cast(count.get(), "float32") * 0.3))
