"""Choices of a step: several, with beams of their own, of several kinds, with ends and without."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.passes.beams import without_choices

from ...inputs import FEATURES, frames, vector
from .models import ALL_FEEDS, END, LABELS, MAX_STEPS, OTHERS, Parts, Writer, searched
from .search_checks import Searched


class TwoChoices(Parts):
    """A label and, given that, another one in each step; a value between the two is read after both."""

    def forward(self, sizes: tuple[int, int], exponent: float, include_eos: bool) -> dict[str, nn.Tensor]:
        first, second = (nn.BeamSearch(size, length_normalization=exponent) for size in sizes)
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        self.begin(loop)
        loop.state.other = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=OTHERS)
        with loop:
            before = self.step(loop)
            label = nn.choice(self.output(before + self.other_embedding(loop.state.other)), search=first)
            between = nn.tanh(before + self.embedding(label))
            loop.state.other = nn.choice(self.other_output(between), search=second)
            loop.state.label = label
            loop.state.h = between - before
            loop.end(loop.state.label == END, include_eos=include_eos)
            results = {
                "label": loop.stack(label),
                "other": loop.stack(loop.state.other),
                "between": loop.stack(between),
            }
            results["last"] = loop.last(before)
        return {**results, "h": loop.state.h, "last_label": loop.state.label}


@pytest.mark.parametrize("include_eos", [True, False])
@pytest.mark.parametrize("exponent", [0.0, 1.0, 0.7])
@pytest.mark.parametrize("sizes", [(3, 3), (4, 3), (2, 5), (5, 1), (1, 4)])
def test_two_choices(sizes: tuple[int, int], exponent: float, include_eos: bool) -> None:
    searched(TwoChoices(), sizes=sizes, exponent=exponent, include_eos=include_eos)


class ReadAfterAChoice(Parts):
    """A state that is read for the first time in a step when a label has been chosen."""

    def forward(self, sizes: tuple[int, int]) -> dict[str, nn.Tensor]:
        first, second = (nn.BeamSearch(size) for size in sizes)
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        self.begin(loop)
        loop.state.other = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=OTHERS)
        with loop:
            before = self.step(loop)
            loop.state.label = nn.choice(self.output(before), search=first)
            between = nn.tanh(before + self.embedding(loop.state.label) + self.other_embedding(loop.state.other))
            loop.state.other = nn.choice(self.other_output(between), search=second)
            loop.state.h = between
            loop.end(loop.state.label == END)
            return {"label": loop.stack(loop.state.label), "other": loop.stack(loop.state.other)}


@pytest.mark.parametrize("sizes", [(1, 1), (3, 3), (4, 2), (2, 5)])
def test_state_that_is_read_after_a_choice(sizes: tuple[int, int]) -> None:
    searched(ReadAfterAChoice(), sizes=sizes)


@pytest.mark.parametrize("beam_size", [1, 2, 6, 30])
@pytest.mark.parametrize("include_eos", [True, False])
def test_one_choice(beam_size: int, include_eos: bool) -> None:
    """Also with a beam for more hypotheses than there are."""

    model = Writer(lambda parts, labels, state: {"labels": labels, "state": state})
    found = searched(model, include_eos=include_eos, beam_size=beam_size)
    lengths = {len(labels) for beam in found.labels("labels") for labels in beam}
    assert beam_size == 1 or len(lengths) > 1, "some hypotheses end before others"


def test_all_hypotheses_end_at_once() -> None:
    """No step counts for any of them."""

    def after(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> dict[str, nn.Tensor]:
        return {"labels": labels, "state": state, "sum": nn.reduce_sum(parts.embedding(labels), labels.spatial_dim)}

    found = searched(Writer(after), end_bias=50.0, beam_size=1)
    assert found.labels("labels") == [[()], [()], [()]]


def test_beam_for_more_than_all_hypotheses() -> None:
    """Two labels, of which one ends: there are fewer hypotheses than places."""
    yes_or_no = nn.Dim(2, "yes_or_no")
    output, embedding = nn.Linear(FEATURES, yes_or_no), nn.Embedding(yes_or_no, FEATURES)

    def model() -> nn.Tensor:
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=yes_or_no)
        with loop:
            scores = output(vector() + embedding(loop.state.label))
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(7))
            loop.end(loop.state.label == 0, include_eos=True)
            return loop.stack(loop.state.label)

    found = searched(model)
    assert all(sorted(beam) == [(0,), (1, 0), (1, 1, 0), (1, 1, 1)] for beam in found.labels("output"))


@pytest.mark.parametrize("limit", [None, 3])
@pytest.mark.parametrize("ends", ["", "label", "steps", "top"])
def test_over_frames(ends: str, limit: int | None) -> None:
    """A search over an input, which also something else may end."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=limit)
            self.begin(loop)
            with loop:
                if ends == "top":
                    loop.end(loop.state.label == END, include_eos=True)
                scores = self.output(self.step(loop) + loop.unstack(frames()))
                loop.state.label = nn.choice(scores, search=nn.BeamSearch(3))
                if ends == "label":
                    loop.end(loop.state.label == END)
                elif ends == "steps":
                    loop.end(loop.iter_idx >= 2)
                results = {"labels": loop.stack(loop.state.label), "last": loop.last(loop.state.h)}
                results["frames"] = loop.stack(nn.tanh(loop.unstack(frames())))
            return {**results, "h": loop.state.h}

    searched(Model())


@pytest.mark.parametrize("input_type", ["logits", "log_prob", "prob"])
def test_kinds_of_scores(input_type: str) -> None:
    class Model(Parts):
        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            self.begin(loop)
            with loop:
                logits = self.output(self.step(loop))
                scores = {"logits": logits, "log_prob": nn.log_softmax(logits) * 0.5, "prob": nn.softmax(logits)}
                search = nn.BeamSearch(3)
                loop.state.label = nn.choice(scores[input_type], search=search, input_type=input_type)
                loop.end(loop.state.label == END)
                return loop.stack(loop.state.label)

    searched(Model())


def test_scores_that_depend_on_no_hypothesis() -> None:
    """Labels that are chosen one by one, and a label that is written down."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            loop.state.sum = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                x = loop.unstack(frames())
                label = nn.choice(self.output(x), search=nn.BeamSearch(3))
                loop.state.sum = loop.state.sum + self.embedding(label)
                return {"labels": loop.stack(label), "sum": loop.stack(loop.state.sum), "x": loop.stack(x)}

    searched(Model())


def test_cell_and_attention() -> None:
    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
            loop.state.cell = self.cell.initial_state()
            loop.state.context = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                x = self.embedding(loop.state.label) + loop.state.context
                h, loop.state.cell = self.cell(x, loop.state.cell)
                loop.state.context = self.attention(h, frames())
                scores = self.output(h + loop.state.context + 0.3 * nn.cast(loop.iter_idx, "float32"))
                loop.state.label = nn.choice(scores, search=nn.BeamSearch(4))
                loop.end(loop.state.label == END)
                labels = loop.stack(loop.state.label)
            return {"labels": labels, "h": loop.state.cell.h, "context": loop.state.context}

    searched(Model())


def test_many_states_in_branches() -> None:
    """States that are assigned in some branches, before the choice and after it."""

    class Model(Parts):
        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            self.begin(loop)
            loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
            loop.state.seen = nn.constant(False, [nn.batch_dim])
            loop.state.kept = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                h = self.step(loop)
                with nn.MaskedComputation(mask=nn.reduce_sum(h) > 0.0):
                    loop.state.kept = nn.tanh(loop.state.kept + h)
                loop.state.label = nn.choice(self.output(h + loop.state.kept), search=nn.BeamSearch(3))
                loop.state.count = nn.where(loop.state.label == 2, loop.state.count + 1, loop.state.count)
                loop.state.seen = nn.logical_or(loop.state.seen, loop.state.label == 3)
                with nn.Cond(loop.state.seen) as cond:
                    loop.state.h = h * 0.5
                    cond.true = h
                with cond.false_branch():
                    cond.false = loop.state.kept
                loop.end(loop.state.label == END)
                results = {"labels": loop.stack(loop.state.label), "result": loop.stack(cond.result)}
            return {**results, **{name: getattr(loop.state, name) for name in ("count", "seen", "kept", "h")}}

    searched(Model())


def test_reduction_over_the_batch() -> None:
    """What is computed over all sequences is computed over all their hypotheses, and depends on none."""

    def after(parts: Parts, labels: nn.Tensor, state: nn.Tensor) -> dict[str, nn.Tensor]:
        greatest = nn.reduce_max(state, nn.batch_dim)
        return {"longest": nn.reduce_max(labels.seq_len, nn.batch_dim), "greatest": greatest, "state": state}

    outputs = Searched(nn.Network(Writer(after)), ALL_FEEDS).run.outputs
    assert outputs["greatest"].dims == (FEATURES,) and outputs["longest"].dims == ()
    numpy.testing.assert_array_equal(outputs["state"].value.max(axis=(0, 1)), outputs["greatest"].value)


def test_along_the_batch() -> None:
    """The hypotheses of one sequence have nothing to do with those of another."""
    network = nn.Network(Writer(lambda parts, labels, state: nn.softmax(state, nn.batch_dim)))
    with pytest.raises(nn.NetworkError, match="softmax along the batch, of a value that depends on the hypotheses"):
        without_choices(network)
