"""How many sequences the batch has."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, label, v_, w_, x_, z_, zeros
from .plain_layers import Parameters, linear, log_softmax
from .plain_search import Choose
from .program import Program


def batch_size(x: nn.Tensor) -> nn.Tensor:
    """As a number of float32."""
    return nn.cast(nn.length(nn.batch_dim, like=x), "float32")


def of_frames() -> dict[str, nn.Tensor]:
    """The number itself, and frames divided by it."""
    x = x_()
    return {"count": nn.length(nn.batch_dim, like=x), "y": x / batch_size(x), "v": v_() * batch_size(v_())}


def of_frames_reference(x: numpy.ndarray, v: numpy.ndarray, everyone: list) -> Any:
    return {"count": len(everyone), "y": x / len(everyone), "v": v * len(everyone)}


class LossOfTheBatch(nn.Module):
    """A loss scaled by it; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> None:
        y = self.linear(x_())
        (nn.reduce_sum(y * y) / batch_size(y)).mark_as_loss("square")


def loss_of_the_batch_reference(x: numpy.ndarray, p: Parameters, everyone: list) -> Any:
    return {"square": (linear(p, "linear", x) ** 2).sum(axis=1) / len(everyone)}


def in_a_loop() -> dict[str, nn.Tensor]:
    """In a loop over frames; as a condition; of a value of the step."""
    loop = nn.Loop()
    loop.state.s = zeros()
    with loop:
        frame = loop.unstack(x_())
        loop.state.s = nn.tanh(loop.state.s + frame / batch_size(frame))
        several = nn.length(nn.batch_dim, like=loop.state.s) > 1
        return {"s": loop.stack(loop.state.s), "y": loop.stack(nn.where(several, frame, -frame))}


def in_a_loop_reference(x: numpy.ndarray, everyone: list) -> Any:
    s, out = numpy.zeros(4), []
    for frame in x:
        s = numpy.tanh(s + frame / len(everyone))
        out.append(s)
    return {"s": out, "y": x if len(everyone) > 1 else -x}


def as_limit() -> nn.Tensor:
    """As many steps as there are sequences, as a limit and as a state that counts down to an end."""
    x = x_()
    loop = nn.Loop(max_seq_len=nn.length(nn.batch_dim, like=x))
    loop.state.s = v_()
    with loop:
        loop.state.s = nn.tanh(loop.state.s + loop.unstack(x))
        steps = loop.stack(loop.state.s)
    down = nn.Loop(max_seq_len=20)
    down.state.left, down.state.t = nn.length(nn.batch_dim, like=x), loop.state.s
    with down:
        down.state.left = down.state.left - 1
        down.state.t = down.state.t * 0.5
        down.end(down.state.left <= 0, include_eos=True)
    return nn.reduce_sum(steps, steps.spatial_dim) + down.state.t


def as_limit_reference(x: numpy.ndarray, v: numpy.ndarray, everyone: list) -> Any:
    s, total = v, numpy.zeros(4)
    for frame in x[: len(everyone)]:
        s = numpy.tanh(s + frame)
        total = total + s
    return total + s * 0.5 ** len(everyone)


def means_over_the_batch() -> dict[str, nn.Tensor]:
    """Less the mean of all sequences, and by their deviation, as batch normalization does it."""
    x, v = x_(), v_()
    centred = v - nn.reduce_sum(v, nn.batch_dim) / batch_size(v)
    variance = nn.reduce_sum(centred * centred, nn.batch_dim) / batch_size(v)
    frames = nn.reduce_sum(nn.cast(x.seq_len, "float32"), nn.batch_dim)
    mean = nn.reduce_sum(nn.reduce_sum(x, TIME), nn.batch_dim) / frames
    return {"v": centred / nn.sqrt(variance + 0.1), "x": x - mean, "frames": v * frames / batch_size(v)}


def means_over_the_batch_reference(x: numpy.ndarray, v: numpy.ndarray, everyone: list) -> Any:
    vectors = numpy.array([inputs["v"] for inputs in everyone])
    frames = numpy.concatenate([inputs["x"] for inputs in everyone])
    normalized = (v - vectors.mean(axis=0)) / numpy.sqrt(vectors.var(axis=0) + 0.1)
    return {"v": normalized, "x": x - frames.mean(axis=0), "frames": v * len(frames) / len(everyone)}


def in_branches() -> nn.Tensor:
    """In MaskedComputation, in Cond, and of labels."""
    w = w_()
    with nn.Loop() as loop:
        letter, frame = loop.unstack(w), loop.unstack(z_())
        with nn.MaskedComputation(mask=letter != 1):
            y = frame + batch_size(letter)
        with nn.Cond(nn.length(nn.batch_dim, like=w) > 2) as cond:
            cond.true = y * 2.0
        with cond.false_branch():
            cond.false = y * 3.0
        return loop.stack(cond.result)


def in_branches_reference(z: numpy.ndarray, w: numpy.ndarray, everyone: list) -> Any:
    y: Any = numpy.zeros(4)
    out: list[Any] = []
    for letter, frame in zip(w, z):
        y = frame + len(everyone) if letter != 1 else y
        out.append(2 * y if len(everyone) > 2 else 3 * y)
    return out


class InASearch(nn.Module):
    """The sequences count, not their hypotheses; in the search and after it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=3)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            h = loop.state.h + self.embedding(loop.state.letter)
            loop.state.h = nn.tanh(h / batch_size(h))
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=True)
            letters = loop.stack(loop.state.letter)
        return {"letters": letters, "h": loop.state.h * batch_size(loop.state.h)}


def in_a_search_reference(v: numpy.ndarray, p: Parameters, choose: Choose, everyone: list) -> Any:
    letters: list[int] = [1]
    h = v
    for _ in range(3):
        h = numpy.tanh((h + p["embedding/W"][letters[-1]]) / len(everyone))
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letters": letters[1:], "h": h * len(everyone)}


@programs(
    [
        Program("of_frames", of_frames, of_frames_reference),
        Program("of_one_sequence", of_frames, of_frames_reference, batch=ALONE),
        Program("loss_of_the_batch", LossOfTheBatch(), loss_of_the_batch_reference, batch=LONGEST_LAST),
        Program("in_a_loop", in_a_loop, in_a_loop_reference),
        Program("as_limit", as_limit, as_limit_reference),
        Program("means_over_the_batch", means_over_the_batch, means_over_the_batch_reference),
        Program("in_branches", in_branches, in_branches_reference),
        Program("in_a_search", InASearch(), in_a_search_reference, beam_size=3, scale=2.0, seed=2),
    ]
)
def test_size_of_the_batch(program: Program, engine: str) -> None:
    check(program, engine)
