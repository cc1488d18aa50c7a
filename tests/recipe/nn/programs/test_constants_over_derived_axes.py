"""Constants over an axis that the network makes: of pooled frames, of steps, of what was appended to."""

from __future__ import annotations

from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, label, v_, w_, x_, z_
from .plain_layers import Parameters, convolution, linear, log_softmax, pooled, softmax
from .plain_search import Choose
from .program import Program


def pooled_axis() -> dict[str, nn.Tensor]:
    """The constant is the first operand, or the second."""
    e = nn.pool(x_(), 2)
    axis = e.spatial_dim
    first = nn.zeros([nn.batch_dim, axis]) + nn.reduce_sum(e)
    second = nn.reduce_max(e) * nn.constant(3.0, [nn.batch_dim, axis])
    return {"first": first, "second": second}


def pooled_axis_reference(x: numpy.ndarray) -> Any:
    e = numpy.array(pooled(x, 2))
    return {"first": e.sum(axis=1), "second": 3 * e.max(axis=1)}


def counts_alone() -> dict[str, nn.Tensor]:
    """Nothing else is read of the pooled frames: their axis alone counts."""
    x = x_()
    halves = nn.pool(x, 2).spatial_dim
    thirds = nn.pool(x, 3, mode="mean").spatial_dim
    ones = nn.ones([nn.batch_dim, halves])
    return {"ones": ones, "thirds": nn.reduce_sum(nn.constant(2, [nn.batch_dim, thirds]), thirds)}


def counts_alone_reference(x: numpy.ndarray) -> Any:
    return {"ones": numpy.ones(-(-len(x) // 2)), "thirds": 2 * -(-len(x) // 3)}


class StridedConvolution(nn.Module):
    """Over the axis of a strided convolution, and of pooling after it; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(FEATURES, FEATURES, 3, stride=2)

    def forward(self) -> dict[str, nn.Tensor]:
        e = nn.tanh(self.conv(x_()))
        short = nn.pool(e, 2)
        y = nn.ones([nn.batch_dim, e.spatial_dim, FEATURES]) - e
        z = nn.where(nn.constant(True, [nn.batch_dim, short.spatial_dim, FEATURES]), short, 0.0)
        nn.reduce_sum(y * y).mark_as_loss("square")
        return {"y": y, "z": z}


def strided_convolution_reference(x: numpy.ndarray, p: Parameters) -> Any:
    e = numpy.tanh(convolution(p, "conv", x, 2))
    return {"y": 1 - e, "z": pooled(e, 2), "square": ((1 - e) ** 2).sum(axis=1)}


def appended() -> nn.Tensor:
    """Over the axis with one more frame, and its pairs."""
    longer = nn.postfix_in_time(x_(), 1.0)
    pairs = nn.pool(longer, 2, mode="mean")
    mask = nn.zeros([nn.batch_dim, pairs.spatial_dim, FEATURES])
    offset = nn.constant(0.5, [nn.batch_dim, longer.spatial_dim])
    return mask + pairs + nn.reduce_sum(offset + nn.reduce_max(longer), longer.spatial_dim)


def appended_reference(x: numpy.ndarray) -> Any:
    longer = numpy.concatenate([x, numpy.ones((1, 4))])
    return numpy.array(pooled(longer, 2, "mean")) + (0.5 + longer.max(axis=1)).sum()


def steps_of_a_loop() -> dict[str, nn.Tensor]:
    """Over the steps of a loop that ended itself, in another loop, too."""
    loop = nn.Loop(max_seq_len=5)
    loop.state.s = v_()
    with loop:
        loop.state.s = loop.state.s * 0.6
        loop.end(nn.reduce_max(loop.state.s) < 0.5, include_eos=True)
        steps = loop.stack(loop.state.s)
    axis = steps.spatial_dim
    ones = nn.ones([nn.batch_dim, axis])
    over = nn.Loop()
    over.state.t = nn.zeros([nn.batch_dim, axis, FEATURES])
    with over:
        over.state.t = over.state.t * 0.5 + over.unstack(z_())
    return {"sum": ones + nn.reduce_sum(steps), "t": over.state.t}


def steps_of_a_loop_reference(v: numpy.ndarray, z: numpy.ndarray) -> Any:
    s, steps, t = v, [], numpy.zeros(4)
    for _ in range(5):
        s = s * 0.6
        steps.append(s)
        if s.max() < 0.5:
            break
    for frame in z:
        t = t * 0.5 + frame
    return {"sum": 1 + numpy.sum(steps, axis=1), "t": [t] * len(steps)}


def state_over_pooled_frames() -> nn.Tensor:
    """A state of a loop over another sequence; nothing else reads the pooled frames."""
    halves = nn.pool(x_(), 2)
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim, halves.spatial_dim, FEATURES])
    with loop:
        loop.state.s = nn.tanh(loop.state.s + loop.unstack(z_()))
    return loop.state.s


def state_over_pooled_frames_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    s = numpy.zeros((-(-len(x) // 2), 4))
    for frame in z:
        s = numpy.tanh(s + frame)
    return s


class LocationAttention(nn.Module):
    """The weights of the step before, over encoder frames made shorter, start at zero; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.energy, self.query = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        encoder = nn.pool(x_(), 2, mode="mean")
        axis = encoder.spatial_dim
        loop = nn.Loop()
        loop.state.weights = nn.zeros([nn.batch_dim, axis])
        with loop:
            query = self.query(loop.unstack(z_()))
            energies = nn.dot(self.energy(encoder), query) - loop.state.weights
            loop.state.weights = nn.softmax_over_spatial(energies)
            context = nn.dot(loop.state.weights, encoder, reduce=axis)
            nn.reduce_sum(context * query).mark_as_loss("product")
            return loop.stack(context)


def location_attention_reference(x: numpy.ndarray, z: numpy.ndarray, p: Parameters) -> Any:
    encoder = numpy.array(pooled(x, 2, "mean"))
    weights, out, products = numpy.zeros(len(encoder)), [], []
    for frame in z:
        query = linear(p, "query", frame)
        weights = softmax(linear(p, "energy", encoder) @ query - weights)
        out.append(weights @ encoder)
        products.append(out[-1] @ query)
    return {"output": out, "product": products}


class LabelsOverPooledFrames(nn.Module):
    """Constant labels, looked up; a vector repeated over the axis; both before the frames themselves; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> nn.Tensor:
        e = nn.pool(x_(), 2)
        letters = nn.constant(2, [nn.batch_dim, e.spatial_dim], sparse_dim=LABELS)
        y = self.embedding(letters) * nn.expand(v_(), [e.spatial_dim])
        nn.reduce_sum(y - e).mark_as_loss("sum")
        return y


def labels_over_pooled_frames_reference(x: numpy.ndarray, v: numpy.ndarray, p: Parameters) -> Any:
    e = numpy.array(pooled(x, 2))
    row = p["embedding/W"][2] * v
    return {"output": [row] * len(e), "sum": (row - e).sum(axis=1)}


def made_in_a_step() -> dict[str, nn.Tensor]:
    """In each step of a loop, over pooled frames and over an axis with another name."""
    x, z = x_(), z_()
    short, copy = nn.pool(x, 2), nn.replace_dim(x)
    with nn.Loop() as loop:
        frame = loop.unstack(z)
        first = nn.zeros([nn.batch_dim, short.spatial_dim, FEATURES]) + frame
        second = nn.constant(2.0, [nn.batch_dim, copy.spatial_dim]) * nn.reduce_sum(copy * frame)
        y = nn.reduce_sum(first, short.spatial_dim) + nn.reduce_max(second, copy.spatial_dim)
        return {"y": loop.stack(y), "last": loop.last(first)}


def made_in_a_step_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    half = -(-len(x) // 2)
    out = [half * frame + (2 * (x @ frame)).max() for frame in z]
    return {"y": out, "last": [z[-1]] * half}


class OverFoundLabels(nn.Module):
    """Over the labels that a search found."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=4)
        loop.state.letter, loop.state.h = label(1), v_()
        with loop:
            loop.state.h = nn.tanh(loop.state.h + self.embedding(loop.state.letter))
            loop.state.letter = nn.choice(self.output(loop.state.h))
            loop.end(loop.state.letter == 0, include_eos=True)
            letters = loop.stack(loop.state.letter)
        halves = nn.constant(0.5, [nn.batch_dim, letters.spatial_dim, FEATURES])
        return {"letters": letters, "y": halves + self.embedding(letters)}


def over_found_labels_reference(v: numpy.ndarray, p: Parameters, choose: Choose) -> Any:
    letters: list[int] = [1]
    h = v
    for _ in range(4):
        h = numpy.tanh(h + p["embedding/W"][letters[-1]])
        letters.append(choose(log_softmax(linear(p, "output", h))))
        if letters[-1] == 0:
            break
    return {"letters": letters[1:], "y": 0.5 + p["embedding/W"][letters[1:]]}


def in_branches() -> nn.Tensor:
    """In Cond and MaskedComputation outside of loops."""
    x = x_()
    longer = nn.postfix_in_time(x, 0.0)
    axis = longer.spatial_dim
    first = w_()[0]
    with nn.Cond(first > label(2)) as cond:
        cond.true = nn.ones([nn.batch_dim, axis]) + nn.reduce_sum(longer)
    with cond.false_branch():
        cond.false = nn.zeros([nn.batch_dim, axis])
    with nn.MaskedComputation(mask=first != 1):
        y = nn.constant(3.0, [nn.batch_dim, axis]) * cond.result
    return y


def in_branches_reference(x: numpy.ndarray, w: numpy.ndarray) -> Any:
    sums = numpy.concatenate([x.sum(axis=1), [0]])
    y = 1 + sums if w[0] > 2 else numpy.zeros(len(x) + 1)
    return 3 * y if w[0] != 1 else numpy.zeros(len(x) + 1)


@programs(
    [
        Program("pooled_axis", pooled_axis, pooled_axis_reference),
        Program("pooled_axis_alone", pooled_axis, pooled_axis_reference, batch=ALONE),
        Program("counts_alone", counts_alone, counts_alone_reference),
        Program("strided_convolution", StridedConvolution(), strided_convolution_reference),
        Program("appended", appended, appended_reference),
        Program("steps_of_a_loop", steps_of_a_loop, steps_of_a_loop_reference, batch=LONGEST_LAST),
        Program("state_over_pooled_frames", state_over_pooled_frames, state_over_pooled_frames_reference),
        Program("location_attention", LocationAttention(), location_attention_reference),
        Program("labels_over_pooled_frames", LabelsOverPooledFrames(), labels_over_pooled_frames_reference),
        Program("made_in_a_step", made_in_a_step, made_in_a_step_reference, batch=LONGEST_LAST),
        Program("over_found_labels", OverFoundLabels(), over_found_labels_reference, beam_size=3, scale=2.0),
        Program("in_branches", in_branches, in_branches_reference, batch=LONGEST_LAST),
    ]
)
def test_constants_over_derived_axes(program: Program, engine: str) -> None:
    check(program, engine)
