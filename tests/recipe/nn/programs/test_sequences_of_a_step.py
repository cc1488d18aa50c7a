"""Layers over whole sequences (pooling, convolution, LSTM) that are made, or have another start, in each step."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, OTHER, TIME, grid_, label, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, convolution, linear, log_softmax, lstm_sequence, pooled, softmax
from .plain_search import Choose
from .program import Program


def pooled_in_a_step() -> dict[str, nn.Tensor]:
    """A sequence changed by the frame of the step, pooled; with maxima, means, and no state around."""
    z = z_()
    with nn.Loop() as loop:
        frame = loop.unstack(x_())
        short = nn.pool(z * frame, 2)
        means = nn.pool(z - frame, 3, mode="mean")
        return {
            "sum": loop.stack(nn.reduce_sum(short, short.spatial_dim)),
            "largest": loop.stack(nn.reduce_max(means, means.spatial_dim)),
        }


def pooled_in_a_step_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    return {
        "sum": [numpy.sum(pooled(z * frame, 2), axis=0) for frame in x],
        "largest": [numpy.max(pooled(z - frame, 3, "mean"), axis=0) for frame in x],
    }


def pooled_twice_in_a_step() -> nn.Tensor:
    """The lengths of what is stacked follow from those of an axis that is made in the step itself."""
    with nn.Loop() as loop:
        return loop.stack(nn.pool(nn.pool(z_() * loop.unstack(x_()), 2), 2))


def pooled_twice_in_a_step_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    return [pooled(pooled(z * frame, 2), 2) for frame in x]


def positions_in_a_step() -> nn.Tensor:
    """Positions are added to a sequence that the state has changed."""
    loop = nn.Loop()
    loop.state.s = v_()
    with loop:
        y = nn.positional_encoding(z_() * loop.state.s)
        loop.state.s = nn.tanh(loop.unstack(x_()) + nn.reduce_sum(y, y.spatial_dim))
        return loop.stack(loop.state.s)


def positions_in_a_step_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray) -> Any:
    rates = numpy.array([1.0, 1e-4])
    encoded = numpy.array([[*numpy.sin(t * rates), *numpy.cos(t * rates)] for t in range(len(z))])
    s, out = v, []
    for frame in x:
        s = numpy.tanh(frame + (z * s + encoded).sum(axis=0))
        out.append(s)
    return out


def pooled_frames_of_a_grid() -> nn.Tensor:
    """The frame of a step is a sequence itself; what is pooled of it is stacked as a sequence per step."""
    with nn.Loop() as loop:
        return loop.stack(nn.pool(loop.unstack(grid_(), axis=TIME), 2))


def pooled_frames_of_a_grid_reference(grid: numpy.ndarray) -> Any:
    return [pooled(frames, 2) for frames in grid]


class ConvolutionInAStep(nn.Module):
    """A strided convolution of what the state makes of a sequence; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.even = nn.Conv1d(FEATURES, FEATURES, 3, stride=2), nn.Conv1d(FEATURES, FEATURES, 3)

    def forward(self) -> nn.Tensor:
        z = z_()
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            y = nn.tanh(self.conv(self.even(z + loop.state.s)))
            loop.state.s = nn.tanh(nn.reduce_mean(y, y.spatial_dim) + loop.unstack(x_()))
            nn.reduce_sum(loop.state.s * loop.state.s).mark_as_loss("square")
            return loop.stack(loop.state.s)


def convolution_in_a_step_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for frame in x:
        even = numpy.array(convolution(p, "even", z + s))
        s = numpy.tanh(numpy.tanh(convolution(p, "conv", even, 2)).mean(axis=0) + frame)
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class ConvolutionWithoutState(nn.Module):
    """The same without a recurrence around, of a grid's frames; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, 3, 2, stride=2)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            y = self.conv(loop.unstack(grid_(), axis=TIME) * loop.unstack(x_()))
            nn.reduce_sum(nn.reduce_max(y, y.spatial_dim)).mark_as_loss("sum")
            return loop.stack(nn.reduce_max(y, y.spatial_dim))


def convolution_without_state_reference(grid: numpy.ndarray, x: numpy.ndarray, p: Parameters) -> Any:
    out = [numpy.max(convolution(p, "conv", frames * frame, 2), axis=0) for frames, frame in zip(grid, x)]
    return {"output": out, "sum": [y.sum() for y in out]}


class LstmOverFrames(nn.Module):
    """An LSTM over the own axis of each frame of a grid, forward and backward; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.forward_lstm, self.backward_lstm = nn.Lstm(FEATURES, 3), nn.Lstm(FEATURES, 3, direction=-1)

    def forward(self) -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            frames = loop.unstack(grid_(), axis=TIME)
            y, state = self.forward_lstm(frames)
            back, _ = self.backward_lstm(frames * loop.unstack(x_()))
            nn.reduce_sum(state.c).mark_as_loss("sum")
            return {"y": loop.stack(y), "h": loop.stack(state.h), "back": loop.stack(nn.reduce_max(back, OTHER))}


def lstm_over_frames_reference(grid: numpy.ndarray, x: numpy.ndarray, p: Parameters) -> Any:
    out: dict[str, list[Any]] = {"y": [], "h": [], "back": [], "sum": []}
    for frames, frame in zip(grid, x):
        y, state = lstm_sequence(p, "forward_lstm", frames)
        back, _ = lstm_sequence(p, "backward_lstm", (frames * frame)[::-1])
        values = (("y", y), ("h", state[0]), ("back", numpy.max(back, axis=0)), ("sum", state[1].sum()))
        for name, value in values:
            out[name].append(value)
    return out


class LstmFromTheState(nn.Module):
    """An LSTM over another sequence starts in each step from a state of the loop; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.input = nn.Lstm(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        z = z_()
        loop = nn.Loop()
        loop.state.h = v_()
        with loop:
            y, state = self.lstm(z, nn.LstmState(h=loop.state.h, c=zeros()))
            loop.state.h = nn.tanh(self.input(loop.unstack(x_())) + state.h)
            nn.reduce_sum(nn.reduce_max(y, OTHER)).mark_as_loss("largest")
            return loop.stack(loop.state.h)


def lstm_from_the_state_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    h, out, losses = v, [], []
    for frame in x:
        y, state = lstm_sequence(p, "lstm", z, (h, numpy.zeros(4)))
        h = numpy.tanh(linear(p, "input", frame) + state[0])
        out.append(h)
        losses.append(numpy.max(y, axis=0).sum())
    return {"output": out, "largest": losses}


class LstmFromTheFrame(nn.Module):
    """It starts from the frame of the step; nothing is carried on; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        z = z_()
        with nn.Loop() as loop:
            frame = loop.unstack(x_())
            y, state = self.lstm(z, nn.LstmState(h=nn.tanh(frame), c=frame))
            nn.reduce_sum(state.h * state.c).mark_as_loss("product")
            return loop.stack(nn.reduce_sum(y, OTHER))


def lstm_from_the_frame_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    out, losses = [], []
    for frame in x:
        y, state = lstm_sequence(p, "lstm", z, (numpy.tanh(frame), frame))
        out.append(numpy.sum(y, axis=0))
        losses.append(state[0] @ state[1])
    return {"output": out, "product": losses}


class EncoderInAStep(nn.Module):
    """A BidirectionalLstm over a sequence that the state changes, pooled, and appended to; with a mask around."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.output = nn.BidirectionalLstm(FEATURES, 2), nn.Linear(4, FEATURES)

    def forward(self) -> nn.Tensor:
        z, y = z_(), y_()
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            letter = loop.unstack(y)
            encoded = nn.pool(self.lstm(nn.postfix_in_time(z + loop.state.s, 0.5)), 2)
            with nn.MaskedComputation(mask=letter != 2):
                loop.state.s = nn.tanh(self.output(nn.reduce_max(encoded, encoded.spatial_dim)))
            return loop.stack(loop.state.s)


def encoder_in_a_step_reference(z: numpy.ndarray, y: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, out = v, []
    for letter in y:
        frames = numpy.concatenate([z + s, numpy.full((1, 4), 0.5)])
        forwards, _ = lstm_sequence(p, "lstm/fw", frames)
        backwards, _ = lstm_sequence(p, "lstm/bw", frames[::-1])
        encoded = pooled([numpy.concatenate(pair) for pair in zip(forwards, backwards[::-1])], 2)
        if letter != 2:
            s = numpy.tanh(linear(p, "output", numpy.max(encoded, axis=0)))
        out.append(s)
    return out


class InASearch(nn.Module):
    """In a search, over what each hypothesis makes of a sequence."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)
        self.lstm = nn.Lstm(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            _, state = self.lstm(nn.pool(x + self.embedding(loop.state.letter), 2), nn.LstmState(loop.state.h, zeros()))
            loop.state.h = state.h
            loop.state.letter = nn.choice(self.output(state.h))
            loop.end(loop.state.letter == 0, include_eos=True)
            return loop.stack(loop.state.letter)


def in_a_search_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    h = v
    for _ in range(3):
        frames = pooled(x + p["embedding/W"][letters[-1]], 2)
        _, (h, _) = lstm_sequence(p, "lstm", frames, (h, numpy.zeros(4)))
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return letters[1:]


class ShorterHistory(nn.Module):
    """Pooling and a strided convolution of what came so far; attention of the pooled frames to each other; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, FEATURES, 3, stride=2)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            history = nn.cum_concat(loop.state.s)
            short = nn.pool(history, 2)
            others = nn.replace_dim(short)
            weights = nn.softmax(nn.dot(short, others), others.spatial_dim)
            attended = nn.dot(weights, others, reduce=others.spatial_dim)
            convolved = self.conv(history)
            y = nn.reduce_max(attended, short.spatial_dim) + nn.reduce_sum(convolved, convolved.spatial_dim)
            loop.state.s = nn.tanh(y + loop.unstack(x_()))
            nn.reduce_sum(loop.state.s).mark_as_loss("sum")
            return loop.stack(loop.state.s)


def shorter_history_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, history, out = v, [], []
    for frame in x:
        history.append(s)
        short = numpy.array(pooled(history, 2))
        attended = [softmax(row) @ short for row in short @ short.T]
        y = numpy.max(attended, axis=0) + numpy.sum(convolution(p, "conv", numpy.array(history), 2), axis=0)
        s = numpy.tanh(y + frame)
        out.append(s)
    return {"output": out, "sum": [s.sum() for s in out]}


def in_an_inner_loop() -> nn.Tensor:
    """Pooled in an inner loop, of a sequence that the outer loop made longer; a third loop over the result."""
    z = z_()
    outer = nn.Loop()
    outer.state.s = v_()
    with outer:
        frame = outer.unstack(x_())
        longer = nn.postfix_in_time(z * outer.state.s, 0.5)
        with nn.Loop() as inner:
            short = nn.pool(longer * outer.state.s, 2, mode="mean")
            outer.state.s = nn.tanh(outer.state.s + inner.unstack(longer))
            with nn.Loop() as third:
                outer.state.s = nn.tanh(outer.state.s - third.unstack(short) * frame)
        return outer.stack(outer.state.s)


def in_an_inner_loop_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray) -> Any:
    s, out = v, []
    for frame in x:
        longer = numpy.concatenate([z * s, numpy.full((1, 4), 0.5)])
        for other in longer:
            short = pooled(longer * s, 2, "mean")
            s = numpy.tanh(s + other)
            for third in short:
                s = numpy.tanh(s - third * frame)
        out.append(s)
    return out


@programs(
    [
        Program("pooled_twice_in_a_step", pooled_twice_in_a_step, pooled_twice_in_a_step_reference, batch=LONGEST_LAST),
        Program("pooled_in_a_step", pooled_in_a_step, pooled_in_a_step_reference),
        Program("pooled_in_a_step_alone", pooled_in_a_step, pooled_in_a_step_reference, batch=ALONE),
        Program("positions_in_a_step", positions_in_a_step, positions_in_a_step_reference),
        Program("pooled_frames_of_a_grid", pooled_frames_of_a_grid, pooled_frames_of_a_grid_reference),
        Program("convolution_in_a_step", ConvolutionInAStep(), convolution_in_a_step_reference),
        Program(
            "convolution_without_state",
            ConvolutionWithoutState(),
            convolution_without_state_reference,
            batch=LONGEST_LAST,
        ),
        Program("lstm_over_frames", LstmOverFrames(), lstm_over_frames_reference),
        Program("lstm_from_the_state", LstmFromTheState(), lstm_from_the_state_reference),
        Program("lstm_from_the_frame", LstmFromTheFrame(), lstm_from_the_frame_reference, batch=LONGEST_LAST),
        Program("encoder_in_a_step", EncoderInAStep(), encoder_in_a_step_reference),
        Program("shorter_history", ShorterHistory(), shorter_history_reference),
        Program("in_an_inner_loop", in_an_inner_loop, in_an_inner_loop_reference, batch=LONGEST_LAST),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
    ]
)
def test_sequences_of_a_step(program: Program, engine: str) -> None:
    check(program, engine)
