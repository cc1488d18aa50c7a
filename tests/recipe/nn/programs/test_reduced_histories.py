"""Sums, means and extremes over histories: RETURNN computes them, and the network has a digest."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, x_, y_, z_, zeros
from .plain_layers import Parameters, cross_entropy, linear, log_softmax, softmax
from .plain_search import Choose
from .program import Program


def every_mode() -> dict[str, nn.Tensor]:
    """Sum, mean, maximum and minimum over the frames so far."""
    with nn.Loop() as loop:
        history = nn.cum_concat(loop.unstack(x_()))
        past = history.spatial_dim
        return {
            "sum": loop.stack(nn.reduce_sum(history, past)),
            "mean": loop.stack(nn.reduce_mean(history, past)),
            "max": loop.stack(nn.reduce_max(history, past)),
            "min": loop.stack(nn.reduce_min(history, past)),
        }


def every_mode_reference(x: numpy.ndarray) -> Any:
    histories = [x[: t + 1] for t in range(len(x))]
    return {
        "sum": [history.sum(axis=0) for history in histories],
        "mean": [history.mean(axis=0) for history in histories],
        "max": [history.max(axis=0) for history in histories],
        "min": [history.min(axis=0) for history in histories],
    }


def over_features_first() -> dict[str, nn.Tensor]:
    """Over features, then over what came before; over both at once; of labels."""
    with nn.Loop() as loop:
        frame, letter = loop.unstack(x_()), loop.unstack(y_())
        history = nn.cum_concat(nn.tanh(frame))
        past = history.spatial_dim
        each = nn.reduce_max(history, FEATURES)
        both = nn.reduce_sum(history, [past, FEATURES])
        same = nn.reduce_sum(nn.cast(nn.cum_concat(letter) == letter, "int32"), past)
        return {
            "each": loop.stack(nn.reduce_sum(each, past)),
            "both": loop.stack(both),
            "same": loop.stack(same),
            "last": loop.last(nn.reduce_min(each, past)),
        }


def over_features_first_reference(x: numpy.ndarray, y: numpy.ndarray) -> Any:
    each = numpy.tanh(x).max(axis=1)
    return {
        "each": numpy.cumsum(each),
        "both": numpy.cumsum(numpy.tanh(x).sum(axis=1)),
        "same": [int((y[: t + 1] == y[t]).sum()) for t in range(len(y))],
        "last": each.min(),
    }


class OfState(nn.Module):
    """The history of a state that its own sum goes into; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = v_()
        with loop:
            history = nn.cum_concat(nn.tanh(self.linear(loop.state.s)))
            loop.state.s = nn.reduce_mean(history, history.spatial_dim) + loop.unstack(x_())
            nn.reduce_sum(loop.state.s * loop.state.s).mark_as_loss("square")
            return loop.stack(loop.state.s)


def of_state_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    s, history, out = v, [], []
    for frame in x:
        history.append(numpy.tanh(linear(p, "linear", s)))
        s = numpy.mean(history, axis=0) + frame
        out.append(s)
    return {"output": out, "square": [s @ s for s in out]}


class AttentionAndSum(nn.Module):
    """Weights over the history, summed by hand, and a gate from its sum; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.key, self.output = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(x_())
            keys, values = nn.cum_concat(self.key(frame)), nn.cum_concat(frame)
            past = keys.spatial_dim
            weights = nn.softmax_over_spatial(nn.dot(keys, frame), past)
            context = nn.reduce_sum(values * weights, past)
            gate = nn.sigmoid(nn.reduce_sum(nn.reduce_max(values, FEATURES), past))
            logits = self.output(context * gate)
            nn.cross_entropy(logits, loop.unstack(y_())).mark_as_loss("ce")
            return loop.stack(logits)


def attention_and_sum_reference(x: numpy.ndarray, y: numpy.ndarray, p: Parameters) -> Any:
    out, losses = [], []
    for t, frame in enumerate(x):
        values = x[: t + 1]
        context = softmax(linear(p, "key", values) @ frame) @ values
        gate = 1 / (1 + numpy.exp(-values.max(axis=1).sum()))
        out.append(linear(p, "output", context * gate))
        losses.append(cross_entropy(out[-1], int(y[t])))
    return {"output": out, "ce": losses}


def with_an_end() -> dict[str, nn.Tensor]:
    """In a loop that ends by what its history sums to, without an input."""
    loop = nn.Loop(max_seq_len=6)
    loop.state.s = v_()
    with loop:
        history = nn.cum_concat(abs(loop.state.s))
        total = nn.reduce_sum(history, history.spatial_dim)
        loop.state.s = nn.tanh(total - loop.state.s)
        loop.end(nn.reduce_sum(total) > 6.0, include_eos=False)
        steps = loop.stack(total)
    return {"steps": steps, "s": loop.state.s}


def with_an_end_reference(v: numpy.ndarray) -> Any:
    s, total, steps = v, numpy.zeros(4), []
    for _ in range(6):
        total = total + numpy.abs(s)
        if total.sum() > 6.0:
            break
        s = numpy.tanh(total - s)
        steps.append(total)
    return {"steps": steps, "s": s}


def in_an_inner_loop() -> nn.Tensor:
    """The history of an inner loop starts anew in each outer step; a mask and Cond around what is reduced."""
    z = z_()
    outer = nn.Loop()
    outer.state.s = zeros()
    with outer:
        frame, letter = outer.unstack(x_()), outer.unstack(y_())
        with nn.Loop() as inner:
            history = nn.cum_concat(inner.unstack(z) * frame)
            with nn.MaskedComputation(mask=letter != 2):
                outer.state.s = outer.state.s * 0.5 + nn.reduce_max(history, history.spatial_dim)
            with nn.Cond(letter > label(2)) as cond:
                cond.true = nn.reduce_sum(history, history.spatial_dim)
            with cond.false_branch():
                cond.false = frame
            outer.state.s = nn.tanh(outer.state.s + cond.result)
        return outer.stack(outer.state.s)


def in_an_inner_loop_reference(x: numpy.ndarray, y: numpy.ndarray, z: numpy.ndarray) -> Any:
    s, out = numpy.zeros(4), []
    for frame, letter in zip(x, y):
        for i in range(len(z)):
            history = z[: i + 1] * frame
            if letter != 2:
                s = s * 0.5 + history.max(axis=0)
            s = numpy.tanh(s + (history.sum(axis=0) if letter > 2 else frame))
        out.append(s)
    return out


class InASearch(nn.Module):
    """Each hypothesis has its own history."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter = label(1)
        with loop:
            history = nn.cum_concat(self.embedding(loop.state.letter) * nn.cast(loop.iter_idx + 1, "float32"))
            h = nn.tanh(nn.reduce_sum(history, history.spatial_dim) + v_())
            loop.state.letter = nn.choice(self.output(h))
            loop.end(loop.state.letter == 0, include_eos=False)
            return {"letters": loop.stack(loop.state.letter), "h": loop.stack(h)}


def in_a_search_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    total, states = v, []
    for t in range(4):
        total = total + p["embedding/W"][letters[-1]] * (t + 1)
        letter = choose(log_softmax(linear(p, "output", numpy.tanh(total))))
        if letter == 0:
            break
        letters.append(letter)
        states.append(numpy.tanh(total))
    return {"letters": letters[1:], "h": states}


@programs(
    [
        Program("every_mode", every_mode, every_mode_reference),
        Program("every_mode_alone", every_mode, every_mode_reference, batch=ALONE, padding=numpy.nan),
        Program("over_features_first", over_features_first, over_features_first_reference, batch=LONGEST_LAST),
        Program("of_state", OfState(), of_state_reference),
        Program("attention_and_sum", AttentionAndSum(), attention_and_sum_reference),
        Program("with_an_end", with_an_end, with_an_end_reference),
        Program("in_an_inner_loop", in_an_inner_loop, in_an_inner_loop_reference, batch=LONGEST_LAST),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0),
    ]
)
def test_reduced_histories(program: Program, engine: str) -> None:
    check(program, engine)
