"""Beam search: the same hypotheses in NumPy, in RETURNN, and in a search written out here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy
import pytest

from recipe import nn

from ..agreement import Agreement, check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, VECTOR, frames

pytestmark = pytest.mark.xdist_group("returnn-2")

LABELS = nn.Dim(6, "written", labels=list("$abcde"))
END = 0
MAX_STEPS = 6


class LabelWriter(nn.Module):
    """Writes labels: a recurrent state of the labels so far and a vector of the sequence."""

    def __init__(self, input_type: str = "logits", state_dim: nn.Dim = FEATURES):
        super().__init__()
        self.input_type = input_type
        self.embedding = nn.Embedding(LABELS, state_dim)
        self.recurrent = nn.Linear(state_dim, state_dim)
        self.output = nn.Linear(state_dim, LABELS)

    def forward(self, search: nn.BeamSearch, include_eos: bool = False) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=MAX_STEPS)
        loop.state.label = nn.constant(END, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.s = nn.get_extern_data(VECTOR)
        with loop:
            loop.state.s = nn.tanh(self.recurrent(loop.state.s) + self.embedding(loop.state.label))
            scores = self.output(loop.state.s)
            if self.input_type == "log_prob":
                scores = nn.log_softmax(scores)
            elif self.input_type == "prob":
                scores = nn.softmax(scores)
            loop.state.label = nn.choice(scores, search=search, input_type=self.input_type)
            loop.end(loop.state.label == END, include_eos=include_eos)
            return {"labels": loop.stack(loop.state.label), "states": loop.stack(loop.state.s)}


class Hypothesis(NamedTuple):
    """A sequence of labels that is being written."""

    score: float
    labels: tuple[int, ...]
    ended: bool
    state: numpy.ndarray


def step_log_prob(p: Mapping[str, numpy.ndarray], hypothesis: Hypothesis) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The log probabilities of the next label, and the new state."""
    last = hypothesis.labels[-1] if hypothesis.labels else END
    state = numpy.tanh(
        hypothesis.state @ p["recurrent/W"] + p["recurrent/b"] + p["embedding/W"][last].astype("float64")
    )
    logits = state @ p["output/W"] + p["output/b"]
    logits = logits - logits.max()
    return logits - numpy.log(numpy.exp(logits).sum()), state


def beam_search(
    p: Mapping[str, numpy.ndarray], start: numpy.ndarray, beam_size: int, exponent: float
) -> list[Hypothesis]:
    """
    A beam search over one sequence, hypothesis by hypothesis. The score of one that has ended is put to the length of
    the others: ``score / length ** exponent`` stays.
    """
    beam = [Hypothesis(0.0, (), False, start.astype("float64"))]
    for step in range(MAX_STEPS):
        candidates = []
        for hypothesis in beam:
            if hypothesis.ended:
                score = hypothesis.score * ((step + 1) / step) ** exponent
                candidates.append(hypothesis._replace(score=score))
                continue
            log_prob, state = step_log_prob(p, hypothesis)
            for label in range(LABELS.size):
                labels = (*hypothesis.labels, label)
                score = hypothesis.score + log_prob[label]
                candidates.append(Hypothesis(score, labels, label == END, state))
        beam = sorted(candidates, key=lambda one: -one.score)[:beam_size]
        if all(hypothesis.ended for hypothesis in beam):
            break
    return beam


def strong_parameters(network: nn.Network, seed: int) -> dict[str, numpy.ndarray]:
    """Random ones, with which hypotheses end at different steps."""
    parameters = random_parameters(network, seed=seed, scale=2.0)
    parameters["output/b"][END] += 0.5
    return parameters


def written_labels(run: Agreement, include_eos: bool = False) -> list[tuple[int, ...]]:
    """The labels of each hypothesis, sequence by sequence, best first."""
    result = run.in_numpy.outputs["labels"]
    rows = [tuple(int(label) for label in row) for row in result.sequences()]
    return [row[: row.index(END) + 1] if include_eos and END in row else row for row in rows]


@pytest.mark.parametrize("include_eos", [False, True])
@pytest.mark.parametrize("length_normalization", [0.0, 1.0, 0.5])
@pytest.mark.parametrize(("beam_size", "seed"), [(4, 1), (3, 2), (8, 7)])
def test_against_plain_search(beam_size: int, seed: int, length_normalization: float, include_eos: bool) -> None:
    search = nn.BeamSearch(beam_size, length_normalization=length_normalization)
    network = nn.Network(LabelWriter(), search=search, include_eos=include_eos)
    parameters = strong_parameters(network, seed)
    run = check_agreement(network, FEEDS, parameters=parameters)
    expected = [
        hypothesis
        for start in FEEDS["vector"]
        for hypothesis in beam_search(parameters, start, beam_size, length_normalization)
    ]
    labels = [
        hypothesis.labels if include_eos or not hypothesis.ended else hypothesis.labels[:-1] for hypothesis in expected
    ]
    assert written_labels(run, include_eos) == labels
    lengths = {len(row) for row in labels}
    assert len(lengths) > 1, "some hypotheses end before others"
    assert run.in_numpy.beam_scores is not None
    steps = [max(len(one.labels) for one in expected[i : i + beam_size]) for i in range(0, len(expected), beam_size)]
    scores = numpy.array([one.score for one in expected]).reshape(-1, beam_size)  # put to that many steps
    scores = scores / numpy.array(steps)[:, None] ** length_normalization
    numpy.testing.assert_allclose(run.in_numpy.beam_scores, scores, rtol=1e-4)


@pytest.mark.parametrize("input_type", ["logits", "log_prob", "prob"])
def test_input_types_give_the_same(input_type: str) -> None:
    network = nn.Network(LabelWriter(input_type), search=nn.BeamSearch(4))
    parameters = strong_parameters(network, 1)
    run = check_agreement(network, FEEDS, parameters=parameters)
    reference = nn.run_numpy(nn.Network(LabelWriter(), search=nn.BeamSearch(4)), FEEDS, parameters)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["labels"].value, reference.outputs["labels"].value)


@pytest.mark.parametrize("seed", [1, 5, 6])
def test_beam_of_one_is_greedy(seed: int) -> None:
    network = nn.Network(LabelWriter(), search=nn.BeamSearch(1))
    parameters = strong_parameters(network, seed)
    run = check_agreement(network, FEEDS, parameters=parameters)
    expected = []
    for start in FEEDS["vector"]:
        hypothesis = Hypothesis(0.0, (), False, start.astype("float64"))
        while len(hypothesis.labels) < MAX_STEPS:
            log_prob, state = step_log_prob(parameters, hypothesis)
            label = int(log_prob.argmax())
            if label == END:
                break
            hypothesis = Hypothesis(0.0, (*hypothesis.labels, label), False, state)
        expected.append(hypothesis.labels)
    assert written_labels(run) == expected


def test_beam_as_large_as_all_hypotheses() -> None:
    """With room for everything the best hypothesis is the most probable sequence of all."""
    network = nn.Network(LabelWriter(), search=nn.BeamSearch(40, length_normalization=0.0))
    check_agreement(network, FEEDS, parameters=strong_parameters(network, 4))


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_lstm_and_attention_in_a_search(device: str) -> None:
    """All states of a hypothesis go with it."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(LABELS, FEATURES)
            self.cell = nn.LstmCell(FEATURES, FEATURES)
            self.first = nn.Linear(FEATURES, FEATURES)
            self.attention = nn.AdditiveAttention(FEATURES, FEATURES, 4)
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self, search: nn.BeamSearch) -> nn.Tensor:
            vector = nn.get_extern_data(VECTOR)
            loop = nn.Loop(max_seq_len=MAX_STEPS)
            loop.state.label = nn.constant(END, [nn.batch_dim], sparse_dim=LABELS)
            loop.state.cell = nn.LstmState(h=nn.tanh(self.first(vector)), c=vector)
            loop.state.context = nn.zeros([nn.batch_dim, FEATURES])
            loop.state.previous = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                x = self.embedding(loop.state.label) + loop.state.context - loop.state.previous
                h, loop.state.cell = self.cell(x, loop.state.cell)
                loop.state.previous = loop.state.context
                loop.state.context = self.attention(h, frames())
                logits = self.output(h + loop.state.context)
                loop.state.label = nn.choice(logits, search=search)
                loop.end(loop.state.label == END, include_eos=False)
                return loop.stack(loop.state.label)

    network = nn.Network(Model(), search=nn.BeamSearch(5))
    parameters = random_parameters(network, seed=3, scale=2.5)
    run = check_agreement(network, FEEDS, parameters=parameters, device=device)
    (lengths,) = run.in_numpy.outputs["output"].lengths.values()
    assert len(set(lengths)) > 1


def test_wrong_use() -> None:
    def without_loop() -> nn.Tensor:
        return nn.choice(nn.get_extern_data(VECTOR), search=nn.BeamSearch(2))

    def without_anything() -> nn.Tensor:
        return nn.choice(nn.get_extern_data(VECTOR))

    def wrong_type() -> nn.Tensor:
        return nn.choice(nn.get_extern_data(VECTOR), search=nn.BeamSearch(2), input_type="scores")

    for model, message in [
        (without_loop, "belongs inside of a loop"),
        (without_anything, "wants a target .* or a search"),
        (wrong_type, "input_type is one of logits, log_prob, prob, regression, not 'scores'"),
    ]:
        with pytest.raises(nn.NetworkError, match=message):
            nn.Network(model)


class Regression(nn.Module):
    """Feeds back what it predicts; in training the right frames."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES, FEATURES)

    def forward(self, teacher_forced: bool) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.y = nn.get_extern_data(VECTOR)
        with loop:
            x = loop.unstack(frames())
            y = nn.tanh(self.linear(loop.state.y))
            target = x if teacher_forced else None
            loop.state.y = nn.choice(y, target=target, input_type="regression")
            return loop.stack(y)


@pytest.mark.parametrize("teacher_forced", [True, False])
def test_regression(teacher_forced: bool) -> None:
    run = check_agreement(Regression(), FEEDS, teacher_forced=teacher_forced)
    parameters = run.in_returnn.parameters
    before = FEEDS["data"][0][0, 0] if teacher_forced else run.in_numpy.outputs["output"].value[0, 0]
    expected = numpy.tanh(before @ parameters["linear/W"] + parameters["linear/b"])
    numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value[0, 1], expected, rtol=1e-4)


OTHER_LABELS = nn.Dim(3, "other")


class TwoChoices(nn.Module):
    """A label, and another one that depends on it, in each step; a state read after the search."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.other_embedding = nn.Embedding(OTHER_LABELS, FEATURES)
        self.recurrent = nn.Linear(FEATURES, FEATURES)
        self.output = nn.Linear(FEATURES, LABELS)
        self.other_output = nn.Linear(FEATURES, OTHER_LABELS)

    def forward(self, search: nn.BeamSearch, include_eos: bool, second: bool = True) -> dict[str, nn.Tensor]:
        loop = nn.Loop(max_seq_len=5)
        loop.state.label = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=LABELS)
        loop.state.other = nn.zeros([nn.batch_dim], dtype="int32", sparse_dim=OTHER_LABELS)
        loop.state.s = nn.get_extern_data(VECTOR)
        with loop:
            s = self.recurrent(loop.state.s) + self.embedding(loop.state.label)
            loop.state.s = nn.tanh(s + self.other_embedding(loop.state.other))
            loop.state.label = nn.choice(self.output(loop.state.s), search=search)
            if second:
                scores = self.other_output(nn.tanh(loop.state.s + self.embedding(loop.state.label)))
                loop.state.other = nn.choice(scores, search=search)
            loop.end(loop.state.label == END, include_eos=include_eos)
            results = {"label": loop.stack(loop.state.label), "last": loop.last(loop.state.s)}
            if second:
                results["other"] = loop.stack(loop.state.other)
        return {**results, "s": loop.state.s}


@pytest.mark.filterwarnings("ignore:state 'other' is read in the loop, but never assigned")
@pytest.mark.parametrize("include_eos", [True, False])
@pytest.mark.parametrize("second", [True, False], ids=["two_choices", "one_choice"])
def test_two_choices_and_the_state_after_the_search(second: bool, include_eos: bool) -> None:
    search = nn.BeamSearch(3, length_normalization=0.0)
    network = nn.Network(TwoChoices(), search=search, include_eos=include_eos, second=second)
    check_agreement(network, FEEDS, parameters=random_parameters(network, seed=3, scale=2.0))
