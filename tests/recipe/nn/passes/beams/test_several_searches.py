"""More than one search in a program, and choices in loops inside of a search."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ...inputs import FEATURES, frames
from .models import END, LABELS, OTHERS, Parts, searched, second


class TwoSearches(Parts):
    """
    Two searches.

    :param second_reads: what the second one reads of the first one
    """

    def __init__(self, second_reads: str):
        super().__init__()
        self.second_reads = second_reads

    def forward(self, sizes: tuple[int, int]) -> dict[str, nn.Tensor]:
        labels, state = self.write(beam_size=sizes[0])
        loop = nn.Loop(max_seq_len=4)
        loop.state.other = nn.constant(1, [nn.batch_dim], sparse_dim=OTHERS)
        loop.state.h = state if self.second_reads == "state" else nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = self.other_embedding(loop.state.other) + 0.2 * nn.cast(loop.iter_idx, "float32")
            if self.second_reads == "all":
                x = x + self.attention(loop.state.h, self.embedding(nn.postfix_in_time(labels, 1)))
            elif self.second_reads == "steps":
                x = x + self.embedding(loop.unstack(labels))
            loop.state.h = nn.tanh(self.more(loop.state.h) + x)
            search = nn.BeamSearch(sizes[1], length_normalization=0.5)
            loop.state.other = nn.choice(self.other_output(loop.state.h), search=search)
            ends = loop.state.other == 0
            if self.second_reads == "end":
                ends = nn.logical_or(ends, loop.iter_idx >= labels.seq_len)
            loop.end(ends)
            others = loop.stack(loop.state.other)
        both = nn.reduce_sum(self.embedding(labels), labels.spatial_dim)
        both = both - nn.reduce_sum(self.other_embedding(others), others.spatial_dim)
        return {"labels": labels, "others": others, "h": loop.state.h, "both": both}


@pytest.mark.parametrize("sizes", [(3, 3), (2, 4), (4, 1)])
@pytest.mark.parametrize("second_reads", ["nothing", "state", "all", "steps", "end"])
def test_two_searches(second_reads: str, sizes: tuple[int, int]) -> None:
    """Each hypothesis of the second one is that of one of the first, if it depends on that."""
    found = searched(TwoSearches(second_reads), sizes=sizes)
    others = found.run.outputs["others"]
    assert [dim for dim in others.dims if dim.is_beam] == found.beams[1 if second_reads == "nothing" else 0 :]
    assert [dim for dim in found.run.outputs["both"].dims if dim.is_beam] == found.beams


def test_loop_over_what_both_found() -> None:
    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            labels, state = self.write(beam_size=2)
            others, other_state = self.write(beam_size=3, include_eos=True)
            again = nn.Loop()
            again.state.s = state
            with again:
                context = self.attention(again.state.s, self.embedding(nn.postfix_in_time(labels, 2)))
                again.state.s = nn.tanh(context + self.embedding(again.unstack(others)))
                steps = again.stack(again.state.s)
            return {"steps": steps, "s": again.state.s, "states": state - other_state}

    searched(Model())


class Words(Parts):
    """
    A search whose steps have a loop that chooses, too: words, and their letters.

    :param first: whether a step chooses before that loop
    :param then: whether it chooses after it
    :param letters: when that loop is over: after a "label", with the "frames" of an input, or after a number of "steps"
    """

    def __init__(self, first: bool, then: bool, letters: str):
        super().__init__()
        self.first, self.then, self.letters = first, then, letters

    def forward(self, sizes: tuple[int, int, int], exponent: float = 0.0) -> dict[str, nn.Tensor]:
        search = [nn.BeamSearch(size, length_normalization=exponent) for size in sizes]
        loop = nn.Loop(max_seq_len=3)
        self.begin(loop)
        with loop:
            h = self.step(loop)
            before = nn.tanh(h * 0.7)
            word = nn.choice(self.other_output(h), search=search[0]) if self.first else nn.argmax(self.other_output(h))
            letter, state, count = self.write_letters(h + self.other_embedding(word), before, search[1])
            result = nn.tanh(state + before - self.other_embedding(word))
            loop.state.label = nn.choice(self.output(result), search=search[2]) if self.then else letter
            loop.state.h = result + before + 0.1 * nn.cast(count, "float32")
            loop.end(loop.state.label == END, include_eos=True)
            results = {"words": loop.stack(word), "labels": loop.stack(loop.state.label), "counts": loop.stack(count)}
        return {**results, "h": loop.state.h}

    def write_letters(
        self, h: nn.Tensor, before: nn.Tensor, search: nn.BeamSearch
    ) -> tuple[nn.Tensor, nn.Tensor, nn.Tensor]:
        """The last label, the last state, and how many labels there are."""
        inner = nn.Loop(max_seq_len=None if self.letters == "frames" else 3)
        inner.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        inner.state.s = h
        inner.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with inner:
            s = nn.tanh(self.more(inner.state.s) + self.embedding(inner.state.label) - before)
            if self.letters == "frames":
                s = s + inner.unstack(second())
            s = s + 0.2 * nn.cast(inner.iter_idx, "float32")
            inner.state.label = nn.choice(self.output(s), search=search)
            inner.state.s = s + self.embedding(inner.state.label) + before
            inner.state.count = inner.state.count + 1
            if self.letters == "label":
                inner.end(inner.state.label == END)
            elif self.letters == "steps":
                inner.end(inner.iter_idx >= 1)
            labels = inner.stack(inner.state.label)
        count = inner.state.count + labels.seq_len
        return inner.state.label, inner.state.s + nn.reduce_sum(self.embedding(labels), labels.spatial_dim), count


@pytest.mark.parametrize("letters", ["label", "frames", "steps"])
@pytest.mark.parametrize("sizes", [(3, 3, 3), (4, 2, 3), (2, 4, 3), (3, 2, 4)])
@pytest.mark.parametrize(("first", "then"), [(True, True), (True, False), (False, True), (False, False)])
def test_choices_in_a_loop_inside(first: bool, then: bool, sizes: tuple[int, int, int], letters: str) -> None:
    searched(Words(first, then, letters), sizes=sizes)


@pytest.mark.parametrize("exponent", [1.0, 0.5])
def test_lengths_are_those_of_the_outer_loop(exponent: float) -> None:
    searched(Words(True, True, "label"), sizes=(3, 2, 3), exponent=exponent)


def test_all_labels_of_a_loop_inside() -> None:
    """Over frames there are as many for each word."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=3)
            self.begin(loop)
            with loop:
                h = self.step(loop)
                inner = nn.Loop()
                inner.state.s = h
                with inner:
                    x = nn.tanh(self.more(inner.state.s) + inner.unstack(second()))
                    label = nn.choice(self.output(x), search=nn.BeamSearch(3))
                    inner.state.s = x + self.embedding(label)
                    labels = inner.stack(label)
                loop.state.h = inner.state.s
                loop.end(nn.reduce_sum(inner.state.s) > 0.5, include_eos=True)
                results: dict[str, Any] = {"labels": loop.stack(labels), "counts": loop.stack(labels.seq_len)}
            return {**results, "h": loop.state.h}

    searched(Model())


def test_history_in_a_loop_inside_with_choices() -> None:
    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=3)
            self.begin(loop)
            with loop:
                h = self.history(self.step(loop))
                label = nn.choice(self.output(h), search=nn.BeamSearch(3))
                inner = nn.Loop(max_seq_len=3)
                inner.state.s = h + self.embedding(label)
                with inner:
                    x = self.history(nn.tanh(self.more(inner.state.s)))
                    other = nn.choice(self.other_output(x), search=nn.BeamSearch(2))
                    inner.state.s = self.history(x + self.other_embedding(other))
                    inner.end(other == 0, include_eos=True)
                loop.state.h = inner.state.s + self.history(h)
                loop.state.label = label
                loop.end(label == END)
                labels = loop.stack(label)
            return {"labels": labels, "h": loop.state.h}

    searched(Model())


def test_three_loops_deep() -> None:
    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            self.begin(loop)
            with loop:
                h = self.step(loop) + loop.unstack(frames())
                middle = nn.Loop(max_seq_len=2)
                middle.state.s = h
                with middle:
                    label = nn.choice(self.output(middle.state.s), search=nn.BeamSearch(4))
                    inner = nn.Loop(max_seq_len=2)
                    inner.state.t = middle.state.s + self.embedding(label)
                    with inner:
                        other = nn.choice(self.other_output(inner.state.t + h), search=nn.BeamSearch(2))
                        inner.state.t = nn.tanh(self.more(inner.state.t) + self.other_embedding(other))
                        inner.end(other == 0)
                    middle.state.s = inner.state.t - h
                    middle.end(label == END, include_eos=True)
                loop.state.h = nn.tanh(middle.state.s)
                steps = loop.stack(loop.state.h)
            return {"steps": steps, "h": loop.state.h}

    searched(Model())
