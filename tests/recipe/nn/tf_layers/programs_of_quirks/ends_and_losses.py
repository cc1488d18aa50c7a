"""Quirks that have to do with ends, of loops and sequences, also of those with nothing before, and with losses."""

from __future__ import annotations

from recipe import nn

from ...inputs import FEATURES, TIME, classes, frames, other_frames, vector
from .case import Case


class LoopAfterNestedLoops(nn.Module):
    """A loop goes on with a state of nested loops that no parameter leads to; a loss in these loops has gradients."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)
        self.query = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        start = nn.tanh(self.linear(vector()))
        outer = nn.Loop()
        outer.state.a, outer.state.b = nn.constant(0.25, [nn.batch_dim, FEATURES]), vector()
        with outer:
            outer.unstack(classes())
            inner = nn.Loop(max_seq_len=4)
            inner.state.a, inner.state.b = outer.state.a, outer.state.b
            with inner:
                inner.end(inner.iter_idx >= 1)
                squares = inner.stack(nn.reduce_sum(start * start))
                inner.state.a, inner.state.b = inner.state.b, inner.state.a
            outer.state.a, outer.state.b = inner.state.a, inner.state.b
            nn.reduce_sum(squares, axis=squares.spatial_dim).mark_as_loss("squares")
        loop = nn.Loop()
        loop.state.c, loop.state.d = start, outer.state.b
        with loop:
            loop.unstack(frames())
            weights = nn.softmax_over_spatial(nn.dot(other_frames(), self.query(loop.state.d), reduce=FEATURES))
            read = loop.stack(nn.dot(weights, other_frames(), reduce=weights.spatial_dim))
            loop.state.c, loop.state.d = loop.state.d, loop.state.c
        nn.reduce_sum(read).mark_as_loss("read")
        nn.reduce_sum(outer.state.a + loop.state.c).mark_as_loss("states")
        return loop.state.d


def lengths_of_steps() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.state.s = nn.tanh(loop.state.s * 2.0)
        loop.end(loop.iter_idx >= 2)
        steps = loop.stack(loop.state.s)
    return steps.seq_len


def steps_of_which_there_are_none() -> dict[str, nn.Tensor]:
    loop = nn.Loop()
    loop.state.s = vector()
    with loop:
        loop.end(loop.iter_idx >= 0)
        loop.state.s = nn.tanh(loop.state.s)
        steps = loop.stack(loop.state.s)
    again = nn.Loop(max_seq_len=3)
    with again:
        others = again.stack(again.unstack(steps))
    sums = {"sum": nn.reduce_sum(steps, steps.spatial_dim), "others": nn.reduce_sum(others, others.spatial_dim)}
    return {"steps": steps, **sums}


class LstmOverNothing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        y, state = self.lstm(steps_of_which_there_are_none()["steps"], nn.LstmState(vector(), vector()))
        return {"y": y, "h": state.h, "c": state.c}


def entries_of_which_there_are_none() -> nn.Tensor:
    loop = nn.Loop()
    with loop:
        frame = loop.unstack(frames())
        loop.end(nn.reduce_sum(frame) > -99.0)
        numbers = loop.stack(frame)
    return nn.gather(numbers, nn.range_over(TIME, like=frames()))


def quotients_weighted() -> nn.Tensor:
    x = frames()
    directions = x / nn.sqrt(nn.reduce_sum(x * x))
    weights = nn.softmax_over_spatial(nn.reduce_sum(other_frames()))
    return nn.dot(weights, directions, reduce=TIME)


def count_beside_a_vector() -> dict[str, nn.Tensor]:
    loop = nn.Loop()
    loop.state.count, loop.state.s = nn.constant(0), vector()
    with loop:
        loop.state.count, loop.state.s = loop.state.count + 1, nn.tanh(loop.state.s * 2.0)
        loop.end(loop.state.count >= 4)
    return {"count": loop.state.count, "s": loop.state.s}


def numbers_until_an_end() -> nn.Tensor:
    loop = nn.Loop()
    with loop:
        loop.end(loop.iter_idx * 2 >= 5)
        numbers = loop.stack(loop.iter_idx * 2)
    return vector() * nn.cast(nn.reduce_sum(numbers, numbers.spatial_dim), "float32")


class LossOfNumbersOfFrames(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        value = self.linear(vector())
        with nn.Loop() as loop:
            loop.unstack(frames())
            y = loop.stack(value * nn.cast(loop.iter_idx, "float32"))
        nn.tanh(y).mark_as_loss("loss")
        return y


def weights_of_nothing_found() -> nn.Tensor:
    """A sum over the steps of a loop with weights; the loop makes no step for a part of the sequences."""
    loop = nn.Loop(max_seq_len=3)
    loop.state.s = vector()
    with loop:
        loop.end(nn.reduce_sum(vector()) > nn.cast(loop.iter_idx, "float32"), include_eos=False)
        loop.state.s = nn.tanh(loop.state.s + 1.0)
        steps = loop.stack(loop.state.s)
    weights = nn.softmax_over_spatial(nn.reduce_sum(steps))
    return nn.reduce_sum(weights * nn.reduce_sum(steps), steps.spatial_dim) + nn.dot(
        weights, steps, reduce=steps.spatial_dim
    )


def loss_of_numbers_of_steps() -> nn.Tensor:
    with nn.Loop(max_seq_len=5) as loop:
        loop.end(loop.iter_idx >= 3)
        y = loop.stack(nn.cast(loop.iter_idx, "float32"))
    y = vector() * nn.expand(nn.tanh(y), [nn.batch_dim, FEATURES])
    y.mark_as_loss("loss")
    return y


CASES = [
    Case("ends_per_sequence", lengths_of_steps, r"has the dims \[\], not \['batch'\]"),
    Case("ends_per_sequence", loss_of_numbers_of_steps, "^$"),
    Case("lasts_per_sequence", count_beside_a_vector, "has batch-dim, but target data"),
    Case("loops_without_steps", steps_of_which_there_are_none, "TensorArray has size zero"),
    Case("lstms_without_frames", LstmOverNothing(), "TensorArray has size zero"),
    Case("entries_of_nothing", entries_of_which_there_are_none, "(?s)indices.* is not in"),
    Case("padding_in_products", quotients_weighted, "nan location mismatch"),
    Case("softmax_of_no_frames", weights_of_nothing_found, "(?i)nan|mismatch|not equal"),
    Case("numbers_of_steps", numbers_until_an_end, "has no attribute 'copy_set_beam'"),
    Case("time_of_losses", LossOfNumbersOfFrames(), "Loss flattening not implemented"),
    Case("gradients_of_no_parameter", LoopAfterNestedLoops(), "^$"),
]
