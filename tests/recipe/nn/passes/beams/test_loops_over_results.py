"""What comes after a search: each hypothesis has its own number of labels, also for ops that know of lengths."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn

from ...inputs import FEATURES
from .models import ALL_FEEDS, LABELS, Parts, Writer, searched, second

After = Callable[[Parts, nn.Tensor, nn.Tensor], Any]


def loop_over_labels(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    again = nn.Loop()
    again.state.s = state
    with again:
        again.state.s = nn.tanh(parts.more(again.state.s) + parts.embedding(again.unstack(labels)))
        steps, last = again.stack(again.state.s), again.last(again.state.s * 2.0)
    return {"steps": steps, "last": last, "s": again.state.s}


def loop_that_ends_before(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    again = nn.Loop(max_seq_len=4)
    again.state.s = state
    with again:
        label = again.unstack(labels)
        again.state.s = nn.tanh(parts.more(again.state.s) + parts.embedding(label))
        again.end(label == 2)
        steps, index = again.stack(again.state.s), again.last(again.iter_idx)
    return {"steps": steps, "s": again.state.s, "index": index}


def loop_in_a_loop(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    outer = nn.Loop()
    outer.state.s = state
    with outer:
        x = parts.embedding(outer.unstack(labels))
        inner = nn.Loop()
        inner.state.t = outer.state.s
        with inner:
            inner.state.t = nn.tanh(inner.state.t + x * inner.unstack(second()))
            inner.end(nn.reduce_sum(inner.state.t) > 0.5)
        outer.state.s = inner.state.t
        steps = outer.stack(inner.state.t)
    return {"steps": steps, "s": outer.state.s}


def loop_over_another_input(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """With attention to the labels."""
    again = nn.Loop()
    again.state.s = state
    with again:
        x = parts.attention(again.state.s, parts.embedding(labels))
        again.state.s = nn.tanh(parts.more(again.state.s) + again.unstack(second()) + x)
        steps = again.stack(again.state.s)
    return {"steps": steps, "s": again.state.s}


def loop_over_the_same_axis(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """Each label looks at all of them."""
    with nn.Loop() as again:
        x = parts.embedding(again.unstack(labels))
        y = parts.attention(x, parts.embedding(labels)) + nn.cast(labels.seq_len, "float32") * 0.1
        return again.stack(y)


def history_over_labels(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    with nn.Loop() as again:
        return again.stack(parts.history(parts.embedding(again.unstack(labels))))


def masked_loop(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    again = nn.Loop()
    again.state.s = state
    with again:
        label = again.unstack(labels)
        with nn.MaskedComputation(mask=label == 3):
            again.state.s = nn.tanh(parts.more(again.state.s))
            kept = again.state.s * 0.5
        steps = again.stack(kept)
    return {"steps": steps, "s": again.state.s}


def loop_to_a_state_without_labels(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """A state that no label changes is of each hypothesis, as its number of steps is."""
    again = nn.Loop()
    again.state.count = nn.zeros([nn.batch_dim], dtype="int32")
    again.state.number = nn.constant(0)
    with again:
        again.unstack(labels)
        again.state.count = again.state.count + 1
        again.state.number = again.state.number + again.iter_idx
        steps = again.stack(again.state.count)
    return {"steps": steps, "count": again.state.count, "number": again.state.number}


def pooled(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    x = parts.embedding(labels)
    mean = nn.pool(nn.pool(x, 2), 2, mode="mean")
    return {"max": nn.pool(x, 2), "mean": mean, "length": mean.seq_len}


def recurrent(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    x = parts.embedding(labels)
    y, last = parts.lstm(x)
    from_state, _ = parts.lstm(x, nn.LstmState(h=state, c=last.c))
    return {"y": y, "h": last.h, "c": last.c, "from_state": from_state, "both": parts.both(x)}


def convolved(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    x = parts.embedding(labels)
    strided = parts.strided(x)
    again = parts.strided(nn.tanh(x))
    return {"strided": strided, "plain": parts.plain(strided + again), "depthwise": parts.depthwise(x)}


def of_a_sequence(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    x = parts.embedding(labels)
    time = labels.spatial_dim
    longer = nn.postfix_in_time(labels, 2)
    other = nn.replace_dim(x)
    longer_x = nn.postfix_in_time(x, 0.25)
    length = nn.cast(labels.seq_len, "float32")
    return {
        "longer": longer,
        "features": longer_x,
        "reversed": nn.reverse(nn.tanh(x)),
        "reversed_longer": nn.reverse(longer),
        "length": longer.seq_len,
        "replaced": other,
        "summed": nn.reduce_sum(other, other.spatial_dim),
        "least": nn.reduce_min(longer_x, longer_x.spatial_dim),
        "cumulated": nn.cum_sum(x),
        "weights": nn.softmax_over_spatial(nn.reduce_sum(x)),
        "scaled": x * nn.cast(nn.range_over(time, like=x), "float32") / (length + 1.0),
        "ones": nn.ones([nn.batch_dim, time]),
        "counted": nn.reduce_sum(nn.ones([nn.batch_dim, time]), time),
        "positions": nn.positional_encoding(x),
        "causal": parts.history(x),
        "part": nn.slice(x, 1, 3),
        "normed": parts.norm(x),
        "best": nn.argmax(parts.output(x)),
    }


def picked(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """Frames by their positions, of which there is one at least."""
    x = nn.postfix_in_time(parts.embedding(labels), 0.25)
    other = nn.gather(second(), 0 * x.seq_len)
    return {"last": x[-1], "first": x[0], "other": other}


def aligned(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """The loss of what was found, and of given labels by scores of what was found."""
    classes = nn.get_extern_data(
        nn.ExternData("letters", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=LABELS)
    )
    longer = parts.with_blank(nn.tanh(parts.embedding(nn.postfix_in_time(labels, 1))))
    return {"of_found": nn.ctc_loss(parts.with_blank(second()), labels), "of_given": nn.ctc_loss(longer, classes)}


def scored(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> Any:
    """Losses of the labels, whose scores depend on nothing found, and the other way round."""
    scores = parts.output(nn.tanh(parts.embedding(labels) * state))
    return {
        "entropy": nn.cross_entropy(scores, labels),
        "smoothed": nn.cross_entropy(scores, labels, label_smoothing=0.1),
    }


AFTER = [
    loop_over_labels,
    loop_that_ends_before,
    loop_in_a_loop,
    loop_over_another_input,
    loop_over_the_same_axis,
    history_over_labels,
    masked_loop,
    loop_to_a_state_without_labels,
    pooled,
    recurrent,
    convolved,
    of_a_sequence,
    picked,
    aligned,
    scored,
]


class WriterWithMore(Writer):
    """With modules for whole sequences."""

    def __init__(self, after: After):
        super().__init__(after)
        self.lstm, self.both = nn.Lstm(FEATURES, FEATURES), nn.BidirectionalLstm(FEATURES, FEATURES)
        self.strided, self.plain = nn.Conv1d(FEATURES, FEATURES, 3, stride=2), nn.Conv1d(FEATURES, FEATURES, 3)
        self.depthwise, self.norm = nn.DepthwiseConv1d(FEATURES, 3), nn.LayerNorm(FEATURES)
        self.with_blank = nn.Linear(FEATURES, LABELS + 1)


@pytest.mark.parametrize("end_bias", [0.5, 50.0], ids=["", "nothing_found"])
@pytest.mark.parametrize("after", AFTER, ids=lambda after: after.__name__)
def test_after_a_search(after: After, end_bias: float) -> None:
    """Also of hypotheses without any label."""
    given = numpy.array([[1, 2], [3, 0], [2, 0]], "int32"), numpy.array([2, 1, 1], "int32")
    feeds = {**ALL_FEEDS, "letters": given}
    searched(WriterWithMore(after), end_bias=end_bias, feeds=feeds)


class InTheSteps(WriterWithMore):
    """The same for a sequence of each hypothesis in the steps of the search: frames and a state."""

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        self.begin(loop)
        with loop:
            h = self.step(loop)
            result = self.after(self, second() + h, h)
            loop.state.label = nn.choice(self.output(nn.tanh(result)), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)


def pooled_frames(parts: Any, x: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
    shorter = nn.pool(x, 2)
    return nn.reduce_sum(shorter, shorter.spatial_dim)


def lstm_of_frames(parts: Any, x: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
    y, last = parts.lstm(x, nn.LstmState(h=h, c=h))
    return last.h + nn.reduce_max(y, y.spatial_dim)


def convolved_frames(parts: Any, x: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
    shorter = parts.strided(x)
    return nn.reduce_sum(shorter, shorter.spatial_dim)


def longer_frames(parts: Any, x: nn.Tensor, h: nn.Tensor) -> nn.Tensor:
    longer = nn.reverse(nn.postfix_in_time(x, 0.5))
    return longer[0] + longer[-1] - nn.slice(nn.concat(h, h), 1, FEATURES)


@pytest.mark.parametrize("after", [pooled_frames, lstm_of_frames, convolved_frames, longer_frames])
def test_sequences_of_a_step(after: After) -> None:
    searched(InTheSteps(after))
