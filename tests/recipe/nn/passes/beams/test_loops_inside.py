"""Loops in the steps of a search: before the choice and after it, over frames, counted, and ended by themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ...inputs import FEATURES, TIME, frames
from .models import END, LABELS, MAX_STEPS, Parts, searched, second

POSITIONS = nn.Dim(3, "positions")


class WithLoopInside(Parts):
    """
    A search whose steps have a loop.

    :param kind: the name of a method that makes the loop from a label and a vector
    :param place: of the loop: before the choice of the step, or after it
    """

    def __init__(self, kind: str, place: str):
        super().__init__()
        self.kind, self.place = kind, place
        self.table = nn.Linear(FEATURES, 3 * FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        make: Callable[[nn.Loop, nn.Tensor, nn.Tensor], nn.Tensor] = getattr(self, self.kind)
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        self.begin(loop)
        with loop:
            before = self.step(loop)
            h = make(loop, loop.state.label, before) if self.place == "before" else before
            loop.state.label = nn.choice(self.output(h), search=nn.BeamSearch(3))
            if self.place == "after":
                h = make(loop, loop.state.label, before)
            loop.state.h = nn.tanh(h - 0.5 * before)
            loop.end(loop.state.label == END)
            labels = loop.stack(loop.state.label)
        return {"labels": labels, "h": loop.state.h}

    def over_frames(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """Over an input."""
        inner = nn.Loop()
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + inner.unstack(frames()) * self.embedding(label))
            steps = inner.stack(inner.state.s)
        return inner.state.s + nn.reduce_max(steps, TIME)

    def limited(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """Over an input, up to a limit."""
        inner = nn.Loop(max_seq_len=2)
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + inner.unstack(frames()))
            steps = inner.stack(inner.state.s)
        return inner.state.s + nn.reduce_mean(steps, steps.spatial_dim)

    def ended_by_the_label(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """As many steps as the number of the label, none at all for the first one."""
        inner = nn.Loop(max_seq_len=LABELS.size)
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + 0.1 * nn.cast(inner.iter_idx, "float32"))
            inner.end(inner.iter_idx >= nn.cast(label, "int32"))
            steps, last = inner.stack(inner.state.s), inner.last(inner.state.s * 0.5)
        return inner.state.s - last + nn.reduce_sum(steps, steps.spatial_dim)

    def ended_by_its_state(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """Until a state says so, the last step included; over frames."""
        inner = nn.Loop()
        inner.state.s = h + self.embedding(label)
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + inner.unstack(frames()))
            inner.end(nn.reduce_sum(inner.state.s) > 0.2, include_eos=True)
            steps = inner.stack(inner.state.s)
        return inner.state.s + nn.dot(
            nn.softmax(nn.reduce_sum(steps), steps.spatial_dim), steps, reduce=steps.spatial_dim
        )

    def over_positions(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """Over an axis of fixed size, of a value of the step."""
        table = nn.split_dims(self.table(h + self.embedding(label)), [POSITIONS, FEATURES])
        inner = nn.Loop()
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + inner.unstack(table, axis=POSITIONS))
            steps = inner.stack(inner.state.s)
        return inner.state.s + nn.reduce_max(steps, POSITIONS)

    def counted_for_whole_sequences(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """As many steps as another input has; they depend on no hypothesis, but what they compute does."""
        inner = nn.Loop()
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s) + self.embedding(label))
            inner.end(inner.iter_idx >= second().seq_len)
            last = inner.last(inner.state.s)
        return inner.state.s + last

    def of_the_number_of_the_step(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """One step more in each step of the search."""
        inner = nn.Loop()
        inner.state.s = h
        with inner:
            inner.state.s = nn.tanh(self.more(inner.state.s))
            inner.end(inner.iter_idx >= loop.iter_idx, include_eos=True)
        return inner.state.s

    def masked(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """A part of it only for some labels."""
        inner = nn.Loop()
        inner.state.s = h
        inner.state.t = nn.zeros([nn.batch_dim, FEATURES])
        with inner:
            x = inner.unstack(second())
            with nn.MaskedComputation(mask=label == 2):
                inner.state.s = nn.tanh(self.more(inner.state.s) + x)
            inner.state.t = inner.state.t + inner.state.s * x
        return inner.state.t + inner.state.s

    def two_deep(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """A loop in the loop, each with an end of its own."""
        outer = nn.Loop(max_seq_len=3)
        outer.state.s = h
        with outer:
            inner = nn.Loop(max_seq_len=4)
            inner.state.t = outer.state.s
            with inner:
                inner.state.t = nn.tanh(self.more(inner.state.t) + self.embedding(label))
                inner.end(nn.cast(label, "int32") <= inner.iter_idx + outer.iter_idx)
                steps = inner.stack(inner.state.t)
            outer.state.s = inner.state.t + nn.reduce_sum(steps, steps.spatial_dim)
            outer.end(nn.reduce_sum(outer.state.s) > 0.5)
        return outer.state.s

    def over_what_a_loop_made(self, loop: nn.Loop, label: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
        """Over the steps of another loop, of which each hypothesis has its own number."""
        first = nn.Loop(max_seq_len=LABELS.size)
        first.state.s = h
        with first:
            first.state.s = nn.tanh(self.more(first.state.s))
            first.end(first.iter_idx >= nn.cast(label, "int32"))
            made = first.stack(first.state.s)
        again = nn.Loop()
        again.state.s = h * 0.0
        with again:
            again.state.s = again.state.s * 0.5 + again.unstack(made)
            steps = again.stack(again.state.s + again.unstack(made))
        return again.state.s + nn.reduce_max(nn.reverse(steps), steps.spatial_dim) * 0.1


KINDS = [
    "over_frames",
    "limited",
    "ended_by_the_label",
    "ended_by_its_state",
    "over_positions",
    "counted_for_whole_sequences",
    "of_the_number_of_the_step",
    "masked",
    "two_deep",
    "over_what_a_loop_made",
]


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("kind", KINDS)
def test_loop_inside(kind: str, place: str) -> None:
    searched(WithLoopInside(kind, place))


def test_sequence_made_before_a_choice_and_read_after_it() -> None:
    """Its lengths are those of hypotheses, too: both are selected."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            self.begin(loop)
            with loop:
                h = self.step(loop)
                inner = nn.Loop(max_seq_len=3)
                inner.state.s = h
                with inner:
                    inner.state.s = nn.tanh(self.more(inner.state.s))
                    inner.end(inner.iter_idx >= nn.cast(loop.state.label, "int32"))
                    made = inner.stack(inner.state.s)
                pooled = nn.pool(made, 2)
                loop.state.label = nn.choice(self.output(h), search=nn.BeamSearch(4))
                query = self.embedding(loop.state.label)
                attended = self.attention(query, nn.postfix_in_time(nn.reverse(made), 0.5))
                again = nn.reduce_sum(nn.pool(made, 2) - pooled, pooled.spatial_dim)
                length = nn.cast(made.seq_len + 2 * pooled.seq_len, "float32")
                loop.state.h = nn.tanh(attended + again + 0.1 * length)
                loop.end(loop.state.label == END)
                labels = loop.stack(loop.state.label)
            return {"labels": labels, "h": loop.state.h}

    searched(Model())
