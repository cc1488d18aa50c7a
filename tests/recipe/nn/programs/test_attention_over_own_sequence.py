"""Attention, and what else reads all frames, over the sequence that the loop itself runs over; no state in between."""

from __future__ import annotations

import math
from typing import Any

import numpy

from recipe import nn

from .checks import check, programs
from .inputs import ALONE, FEATURES, LABELS, LONGEST_LAST, TIME, label, v_, x_, y_, z_, zeros
from .plain_layers import (
    Parameters,
    additive_attention,
    cross_entropy,
    dot_attention,
    linear,
    log_softmax,
    lstm,
    pooled,
    sigmoid,
    softmax,
    weighted_mean,
)
from .program import Program

HEADS, PART = nn.Dim(2, "heads"), nn.Dim(2, "part")


class DotAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.DotAttention(FEATURES, FEATURES, 3)

    def forward(self) -> nn.Tensor:
        x = x_()
        with nn.Loop() as loop:
            h = loop.unstack(x)
            return loop.stack(self.attention(h, x) + h)


def dot_attention_reference(x: numpy.ndarray, p: Parameters) -> Any:
    return [dot_attention(p, "attention", h, x) + h for h in x]


def causal_by_a_mask() -> nn.Tensor:
    a = nn.tanh(x_())
    with nn.Loop() as loop:
        q = loop.unstack(a)
        en = nn.dot(a, q)
        en = nn.where(nn.range_over(TIME, like=a) <= loop.iter_idx, en, -1e9)
        return loop.stack(nn.dot(nn.softmax_over_spatial(en), a, reduce=TIME))


def causal_reference(x: numpy.ndarray) -> Any:
    a = numpy.tanh(x)
    return [weighted_mean([a[s] @ a[t] for s in range(t + 1)], a[: t + 1]) for t in range(len(a))]


def nearby_by_a_mask() -> dict[str, nn.Tensor]:
    """A window of three frames around each, from the length too."""
    x = x_()
    with nn.Loop() as loop:
        q = loop.unstack(x)
        distance = nn.range_over(TIME, like=x) - loop.iter_idx
        near = nn.logical_and(distance <= 1, distance >= -1)
        weights = nn.softmax_over_spatial(nn.where(near, nn.dot(x, q), -1e9), TIME)
        part = (nn.cast(loop.iter_idx, "float32") + 1.0) / nn.cast(x.seq_len, "float32")
        context = nn.dot(weights, x, reduce=TIME)
        return {"context": loop.stack(context * part), "last": loop.last(context)}


def nearby_reference(x: numpy.ndarray) -> Any:
    out = []
    context: Any = numpy.zeros(4)
    for t in range(len(x)):
        near = x[max(t - 1, 0) : t + 2]
        context = weighted_mean([frame @ x[t] for frame in near], near)
        out.append(context * (t + 1) / len(x))
    return {"context": out, "last": context}


class AdditiveOnEmbeddings(nn.Module):
    """Attention in a module of its own, over embedded labels; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.attention = nn.AdditiveAttention(FEATURES, FEATURES, 3)
        self.output = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        embedded = self.embedding(y_())
        with nn.Loop() as loop:
            h = loop.unstack(embedded)
            logits = self.output(nn.relu(self.attention(h, embedded) - h))
            nn.cross_entropy(logits, loop.unstack(y_())).mark_as_loss("ce")
            return loop.stack(logits)


def additive_on_embeddings_reference(y: numpy.ndarray, p: Parameters) -> Any:
    embedded = p["embedding/W"][y]
    hidden = [numpy.maximum(additive_attention(p, "attention", h, embedded) - h, 0) for h in embedded]
    logits = [linear(p, "output", h) for h in hidden]
    return {"output": logits, "ce": [cross_entropy(scores, t) for scores, t in zip(logits, y)]}


def extremes_and_ranks() -> dict[str, nn.Tensor]:
    """Distance to the farthest frame, and how many are below, per feature."""
    x = x_()
    with nn.Loop() as loop:
        frame = loop.unstack(x)
        farthest = nn.reduce_max(abs(x - frame), TIME)
        rank = nn.reduce_sum(nn.cast(x < frame, "int32"), TIME)
        mean = nn.reduce_mean(nn.maximum(x, frame), TIME)
        return {"farthest": loop.stack(farthest), "rank": loop.stack(rank), "mean": loop.stack(mean)}


def extremes_and_ranks_reference(x: numpy.ndarray) -> Any:
    return {
        "farthest": [numpy.abs(x - frame).max(axis=0) for frame in x],
        "rank": [(x < frame).sum(axis=0) for frame in x],
        "mean": [numpy.maximum(x, frame).mean(axis=0) for frame in x],
    }


def added_up() -> dict[str, nn.Tensor]:
    """A state that only adds such values up, and the number of the step."""
    x = x_()
    loop = nn.Loop()
    loop.state.total = zeros()
    with loop:
        frame = loop.unstack(x)
        nearest = nn.reduce_min((x - frame) * (x - v_()), TIME)
        loop.state.total = loop.state.total + nearest
        weighted = nn.reduce_sum(x * frame, TIME) * nn.cast(loop.iter_idx, "float32")
        return {"total": loop.stack(loop.state.total), "weighted": loop.stack(weighted)}


def added_up_reference(x: numpy.ndarray, v: numpy.ndarray) -> Any:
    nearest = [((x - frame) * (x - v)).min(axis=0) for frame in x]
    return {
        "total": numpy.cumsum(nearest, axis=0),
        "weighted": [(x * frame).sum(axis=0) * t for t, frame in enumerate(x)],
    }


class Heads(nn.Module):
    """Self-attention with heads; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.output = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        x = x_()
        key, value = nn.split_dims(self.key(x), [HEADS, PART]), nn.split_dims(x, [HEADS, PART])
        with nn.Loop() as loop:
            frame = loop.unstack(x)
            query = nn.split_dims(self.query(frame), [HEADS, PART])
            weights = nn.softmax_over_spatial(nn.dot(query, key, reduce=PART), TIME, energy_factor=0.7)
            context = nn.merge_dims(nn.dot(weights, value, reduce=TIME), [HEADS, PART], out_dim=FEATURES)
            y = frame + self.output(context)
            nn.mean_squared_error(y, loop.unstack(nn.reverse(x))).mark_as_loss("mse")
            return loop.stack(y)


def heads_reference(x: numpy.ndarray, p: Parameters) -> Any:
    key, out = linear(p, "key", x), []
    for frame in x:
        query = linear(p, "query", frame)
        parts = []
        for head in (slice(0, 2), slice(2, 4)):
            parts.append(weighted_mean([0.7 * (query[head] @ k[head]) for k in key], x[:, head]))
        out.append(frame + linear(p, "output", numpy.concatenate(parts)))
    return {"output": out, "mse": [((y - frame) ** 2).mean() for y, frame in zip(out, x[::-1])]}


def in_branches() -> dict[str, nn.Tensor]:
    """In Cond, and in MaskedComputation."""
    x, y = x_(), y_()
    with nn.Loop() as loop:
        h, letter = loop.unstack(x), loop.unstack(y)
        with nn.Cond(letter > label(1)) as cond:
            cond.true = nn.dot(nn.softmax_over_spatial(nn.dot(x, h)), x, reduce=TIME)
        with cond.false_branch():
            cond.false = nn.reduce_max(x * h, TIME)
        with nn.MaskedComputation(mask=letter != 2):
            masked = nn.reduce_mean(x - h, TIME)
        return {"cond": loop.stack(cond.result), "masked": loop.stack(masked)}


def in_branches_reference(x: numpy.ndarray, y: numpy.ndarray) -> Any:
    cond, masked = [], []
    value = numpy.zeros(4)
    for h, letter in zip(x, y):
        cond.append(weighted_mean(list(x @ h), x) if letter > 1 else (x * h).max(axis=0))
        value = (x - h).mean(axis=0) if letter != 2 else value
        masked.append(value)
    return {"cond": cond, "masked": masked}


class ContextOfCell(nn.Module):
    """The context of a stateless query goes into an LSTM cell; trained."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.DotAttention(FEATURES, FEATURES, 2)
        self.cell = nn.LstmCell(FEATURES, 3)

    def forward(self) -> nn.Tensor:
        x = x_()
        loop = nn.Loop()
        loop.state.cell = self.cell.initial_state()
        with loop:
            h, loop.state.cell = self.cell(self.attention(loop.unstack(x), x), loop.state.cell)
            nn.reduce_sum(h * h).mark_as_loss("square")
            return loop.stack(h)


def context_of_cell_reference(x: numpy.ndarray, p: Parameters) -> Any:
    out = []
    state = (numpy.zeros(3), numpy.zeros(3))
    for frame in x:
        h, state = lstm(p, "cell", dot_attention(p, "attention", frame, x), state)
        out.append(h)
    return {"output": out, "square": [h @ h for h in out]}


def over_both_sequences() -> dict[str, nn.Tensor]:
    """The own sequence, its reverse, and another one, in one step; log probabilities of frames."""
    x, z = x_(), z_()
    backwards = nn.reverse(x)
    with nn.Loop() as loop:
        h = loop.unstack(x)
        own = nn.dot(nn.softmax_over_spatial(nn.dot(backwards, h), TIME), x, reduce=TIME)
        other = nn.dot(nn.softmax_over_spatial(nn.dot(z, own)), z, reduce=z.spatial_dim)
        best = nn.reduce_max(nn.log_softmax(nn.dot(x, h), TIME), TIME)
        return {"other": loop.stack(other), "best": loop.stack(best)}


def over_both_sequences_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    own = [weighted_mean(list(x[::-1] @ h), x) for h in x]
    return {
        "other": [weighted_mean(list(z @ context), z) for context in own],
        "best": [log_softmax(x @ h).max() for h in x],
    }


class InInnerLoop(nn.Module):
    """An inner loop over the same sequence attends over it, without a state; what it stacks is reduced."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        x = x_()
        with nn.Loop() as outer:
            frame = self.linear(outer.unstack(x))
            with nn.Loop() as inner:
                difference = nn.tanh(inner.unstack(x) - frame)
                weights = nn.softmax_over_spatial(nn.dot(x, difference), TIME)
                contexts = inner.stack(nn.dot(weights, x, reduce=TIME))
            return outer.stack(nn.reduce_max(contexts, contexts.spatial_dim))


def in_inner_loop_reference(x: numpy.ndarray, p: Parameters) -> Any:
    out = []
    for frame in linear(p, "linear", x):
        contexts = [weighted_mean(list(x @ numpy.tanh(other - frame)), x) for other in x]
        out.append(numpy.max(contexts, axis=0))
    return out


class TwoLayers(nn.Module):
    """What the first loop stacked, over which the second one attends; then over a pooled sequence of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.DotAttention(FEATURES, FEATURES, 2), nn.DotAttention(FEATURES, FEATURES, 2)

    def forward(self) -> nn.Tensor:
        x = x_()
        with nn.Loop() as one:
            h = one.stack(nn.tanh(self.first(one.unstack(x), x)))
        with nn.Loop() as two:
            frame = two.unstack(h)
            y = two.stack(self.second(frame, h) + frame)
        short = nn.pool(y, 2)
        with nn.Loop() as three:
            frame = three.unstack(short)
            return three.stack(self.first(frame, short) - frame)


def two_layers_reference(x: numpy.ndarray, p: Parameters) -> Any:
    h = [numpy.tanh(dot_attention(p, "first", frame, x)) for frame in x]
    y = [dot_attention(p, "second", frame, h) + frame for frame in h]
    short = pooled(y, 2)
    return [dot_attention(p, "first", frame, short) - frame for frame in short]


def gated_weights() -> nn.Tensor:
    """Weights that are no softmax, normalized by hand, over two axes of one product."""
    x, z = x_(), z_()
    with nn.Loop() as loop:
        q = loop.unstack(x)
        gates = nn.sigmoid(nn.dot(x, q))
        weights = gates / nn.reduce_sum(gates, TIME)
        grid = nn.dot(x * q, z, reduce=FEATURES)  # [batch, time, other]
        best = nn.reduce_max(grid, z.spatial_dim)
        return loop.stack(nn.reduce_sum(weights * best, TIME))


def gated_weights_reference(x: numpy.ndarray, z: numpy.ndarray) -> Any:
    out = []
    for q in x:
        gates = sigmoid(x @ q)
        best = ((x * q) @ z.T).max(axis=1)
        out.append((gates / gates.sum() * best).sum())
    return out


def neighbours() -> nn.Tensor:
    """The next and the first frame, and the running sum at the step, all by position."""
    x = x_()
    sums = nn.cum_sum(x, axis=TIME)
    with nn.Loop() as loop:
        frame = loop.unstack(x)
        following = nn.gather(x, nn.minimum(loop.iter_idx + 1, x.seq_len - 1))
        return loop.stack(frame * following + x[0] - sums[loop.iter_idx])


def neighbours_reference(x: numpy.ndarray) -> Any:
    last = len(x) - 1
    return [x[t] * x[min(t + 1, last)] + x[0] - x[: t + 1].sum(axis=0) for t in range(len(x))]


def labels_in_common() -> dict[str, nn.Tensor]:
    """How often the step's label stands in the sequence; NaN in the padding of the vectors."""
    x, y = x_(), y_()
    with nn.Loop() as loop:
        letter, frame = loop.unstack(y), loop.unstack(x)
        same = nn.compare("equal", y, letter)
        count = nn.reduce_sum(nn.cast(same, "int32"), TIME)
        largest = nn.reduce_max(nn.where(same, nn.reduce_max(x + frame, FEATURES), -math.inf), TIME)
        return {"count": loop.stack(count), "largest": loop.stack(largest)}


def labels_in_common_reference(x: numpy.ndarray, y: numpy.ndarray) -> Any:
    return {
        "count": [(y == letter).sum() for letter in y],
        "largest": [(x[y == letter] + frame).max() for letter, frame in zip(y, x)],
    }


def until_the_end_condition() -> nn.Tensor:
    """The loop also ends by itself; attention over all frames, seen or not."""
    x = x_()
    with nn.Loop() as loop:
        frame = loop.unstack(x)
        context = nn.dot(nn.softmax_over_spatial(nn.dot(x, frame)), x, reduce=TIME)
        loop.end(nn.reduce_sum(frame) > 2.0, include_eos=True)
        return loop.stack(context)


def until_the_end_condition_reference(x: numpy.ndarray) -> Any:
    out = []
    for frame in x:
        out.append(softmax(x @ frame) @ x)
        if frame.sum() > 2.0:
            break
    return out


@programs(
    [
        Program("dot_attention", DotAttention(), dot_attention_reference),
        Program("dot_attention_of_one_sequence", DotAttention(), dot_attention_reference, batch=ALONE),
        Program("causal_by_a_mask", causal_by_a_mask, causal_reference),
        Program("nearby_by_a_mask", nearby_by_a_mask, nearby_reference, batch=LONGEST_LAST),
        Program("additive_on_embeddings", AdditiveOnEmbeddings(), additive_on_embeddings_reference),
        Program("extremes_and_ranks", extremes_and_ranks, extremes_and_ranks_reference, padding=math.nan),
        Program("added_up", added_up, added_up_reference, padding=math.nan),
        Program("heads", Heads(), heads_reference),
        Program("in_branches", in_branches, in_branches_reference),
        Program("context_of_cell", ContextOfCell(), context_of_cell_reference, batch=LONGEST_LAST),
        Program("over_both_sequences", over_both_sequences, over_both_sequences_reference),
        Program("in_inner_loop", InInnerLoop(), in_inner_loop_reference),
        Program("two_layers", TwoLayers(), two_layers_reference),
        Program("gated_weights", gated_weights, gated_weights_reference),
        Program("neighbours", neighbours, neighbours_reference),
        Program("labels_in_common", labels_in_common, labels_in_common_reference, padding=math.nan),
        Program("until_the_end_condition", until_the_end_condition, until_the_end_condition_reference),
    ]
)
def test_attention_over_own_sequence(program: Program, engine: str) -> None:
    check(program, engine)
