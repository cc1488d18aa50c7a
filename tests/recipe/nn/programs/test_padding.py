"""What stands after the ends of sequences is read by nothing, also where it is no number: logarithms, quotients."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import FEATURES, v_, x_, z_
from .plain_layers import Parameters, convolution, dot_attention, lstm_sequence, pooled, weighted_mean
from .program import Program

KEY = nn.Dim(3, "key")


def direction(x: nn.Tensor) -> nn.Tensor:
    """A vector divided by its norm, which is 0 where RETURNN pads."""
    return x / nn.sqrt(nn.reduce_sum(x * x))


def direction_of(x: numpy.ndarray) -> numpy.ndarray:
    return x / numpy.sqrt((x * x).sum(axis=-1, keepdims=True))


class Attention(nn.Module):
    """Attention to quotients: of a sequence, of its own sequence, with a state, of what each step makes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.DotAttention(FEATURES, FEATURES, KEY)

    def forward(self) -> dict[str, nn.Tensor]:
        x, z = x_(), z_()
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            frame = loop.unstack(x)
            own = self.attention(frame, direction(x))
            changed = self.attention(frame, direction(z * loop.state.s))
            loop.state.s = nn.tanh(frame + self.attention(loop.state.s, direction(z)))
            return {"own": loop.stack(own), "changed": loop.stack(changed), "s": loop.stack(loop.state.s)}


def attention_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    out: dict[str, list[Any]] = {"own": [], "changed": [], "s": []}
    s = v
    for frame in x:
        own = dot_attention(p, "attention", frame, direction_of(x))
        changed = dot_attention(p, "attention", frame, direction_of(z * s))
        s = numpy.tanh(frame + dot_attention(p, "attention", s, direction_of(z)))
        for name, value in (("own", own), ("changed", changed), ("s", s)):
            out[name].append(value)
    return out


def histories() -> dict[str, nn.Tensor]:
    """Quotients and logarithms of all frames so far."""
    with nn.Loop() as loop:
        frame = loop.unstack(x_())
        directions, logs = nn.cum_concat(direction(frame)), nn.cum_concat(nn.log(abs(frame)))
        weights = nn.softmax_over_spatial(nn.dot(logs, frame))
        context = nn.dot(weights, directions, reduce=directions.spatial_dim)
        return {
            "context": loop.stack(context),
            "mean": loop.stack(nn.reduce_mean(logs, logs.spatial_dim)),
            "least": loop.stack(nn.reduce_min(logs, logs.spatial_dim)),
        }


def histories_reference(x: numpy.ndarray) -> Any:
    logs, directions = numpy.log(abs(x)), direction_of(x)
    return {
        "context": [weighted_mean(logs[: t + 1] @ x[t], directions[: t + 1]) for t in range(len(x))],
        "mean": [logs[: t + 1].mean(axis=0) for t in range(len(x))],
        "least": [logs[: t + 1].min(axis=0) for t in range(len(x))],
    }


class Sequences(nn.Module):
    """All that goes over sequences of quotients."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.back = nn.Lstm(FEATURES, FEATURES), nn.Lstm(FEATURES, FEATURES, direction=-1)
        self.conv = nn.Conv1d(FEATURES, FEATURES, 3)

    def forward(self) -> dict[str, nn.Tensor]:
        y = direction(x_())
        steps, state = self.lstm(y)
        return {
            "lstm": steps,
            "state": state.h,
            "back": self.back(nn.postfix_in_time(y, 0.5))[0],
            "conv": self.conv(y),
            "pool": nn.pool(y, 2),
            "mean": nn.reduce_mean(y, y.spatial_dim),
            "softmax": nn.softmax_over_spatial(y),
            "reverse": nn.reverse(y),
            "frames": nn.gather(y, nn.range_over(z_().spatial_dim, like=z_())),
        }


def sequences_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    y = direction_of(x)
    steps, state = lstm_sequence(p, "lstm", y)
    back, _ = lstm_sequence(p, "back", [numpy.full(4, 0.5), *y[::-1]])
    return {
        "lstm": steps,
        "state": state[0],
        "back": back[::-1],
        "conv": convolution(p, "conv", y),
        "pool": pooled(y, 2),
        "mean": y.mean(axis=0),
        "softmax": numpy.exp(y) / numpy.exp(y).sum(axis=0),
        "reverse": y[::-1],
        "frames": [y[min(t, len(y) - 1)] for t in range(len(z))],
    }


class AttentionToFew(nn.Module):
    """Attention to the steps of a loop, of which some sequences have none: weights of nothing are no numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.DotAttention(FEATURES, FEATURES, KEY)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            loop.end(loop.iter_idx + 1 >= x.seq_len)
            loop.state.s = nn.tanh(loop.state.s + 1.0)
            steps = loop.stack(loop.state.s)
        return self.attention(z_(), steps)


def attention_to_few_reference(x: numpy.ndarray, z: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, steps = v, []
    for _ in range(len(x) - 1):
        s = numpy.tanh(s + 1.0)
        steps.append(s)
    return [dot_attention(p, "attention", query, steps) if steps else numpy.zeros(4) for query in z]


@programs(
    [
        Program("attention", Attention(), attention_reference, padding=0.0),
        Program("histories", histories, histories_reference, padding=0.0),
        Program("sequences", Sequences(), sequences_reference, padding=0.0),
        Program("attention_to_few", AttentionToFew(), attention_to_few_reference, padding=0.0),
    ]
)
def test_padding(program: Program, engine: str) -> None:
    check(program, engine)
