"""Parts of models of the literature: attention in chunks, mixtures of experts, vector quantization, a CRF."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, TIME, classes, frames

pytestmark = pytest.mark.xdist_group("returnn-2")

SEQUENCES = [row[:length] for row, length in zip(FEEDS["data"][0], LENGTHS)]
CODES, EXPERTS = nn.Dim(6, "codes"), nn.Dim(4, "experts")


class _AttentionInChunks(nn.Module):
    """Each frame attends to those of its chunk; an LSTM goes over all of them."""

    def __init__(self) -> None:
        super().__init__()
        self.query, self.key, self.value = (nn.Linear(FEATURES, FEATURES) for _ in range(3))
        self.lstm, self.output = nn.Lstm(FEATURES, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        window, other = nn.Dim(3, "window"), nn.Dim(3, "other")
        chunks = nn.chunk(frames(), window)
        is_frame = nn.chunk(nn.range_over(TIME, like=frames()) >= 0, window)
        key, value, is_key = (
            nn.replace_dim(x, axis=window, out_dim=other) for x in (self.key(chunks), self.value(chunks), is_frame)
        )
        energy = nn.dot(self.query(chunks), key, reduce=FEATURES)
        weights = nn.softmax(energy + (nn.cast(is_key, "float32") - 1.0) * 1e9, axis=other)
        y = nn.fold(nn.dot(weights, value, reduce=other), window, like=frames())
        h, _ = self.lstm(y)
        nn.cross_entropy(self.output(h), classes()).mark_as_loss()
        return y


def test_attention_in_chunks() -> None:
    network = nn.Network(_AttentionInChunks())
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, trains=True).in_numpy
    for x, y in zip(SEQUENCES, run.outputs["output"].sequences()):
        expected = []
        for begin in range(0, len(x), 3):
            query, key, value = (
                x[begin : begin + 3] @ parameters[f"{name}/W"] + parameters[f"{name}/b"]
                for name in ("query", "key", "value")
            )
            weights = numpy.exp(query @ key.T)
            expected += list(weights / weights.sum(axis=1, keepdims=True) @ value)
        numpy.testing.assert_allclose(y, expected, rtol=1e-4, atol=1e-5)


class _MixtureOfExperts(nn.Module):
    """In each step the two best experts, which the state chooses, count."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.experts = nn.Linear(FEATURES, EXPERTS), nn.Parameter([EXPERTS, FEATURES])

    def forward(self) -> dict[str, nn.Tensor]:
        best = nn.Dim(2, "best")
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = loop.unstack(frames()) + loop.state.h
            scores, places = nn.top_k(self.gate(x), best)
            rows = nn.gather(self.experts, places, axis=EXPERTS)
            loop.state.h = nn.tanh(x * nn.dot(nn.softmax(scores, axis=best), rows, reduce=best))
            outputs = {"h": loop.stack(loop.state.h), "first": loop.stack(nn.one_hot(nn.argmax(self.gate(x))))}
        nn.reduce_sum(outputs["h"]).mark_as_loss()
        return outputs


def test_mixture_of_experts() -> None:
    network = nn.Network(_MixtureOfExperts())
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, trains=True).in_numpy
    for sequence, y in zip(SEQUENCES, run.outputs["h"].sequences()):
        h = numpy.zeros(5)
        for frame, result in zip(sequence, y):
            x = frame + h
            scores = x @ parameters["gate/W"] + parameters["gate/b"]
            best = numpy.argsort(-scores)[:2]
            weights = numpy.exp(scores[best])
            h = numpy.tanh(x * (weights / weights.sum() @ parameters["experts"][best]))
            numpy.testing.assert_allclose(result, h, rtol=1e-4, atol=1e-5)


class _Quantized(nn.Module):
    """The nearest code of each frame; the gradient goes past it (van den Oord et al. 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder, self.codes = nn.Linear(FEATURES, FEATURES), nn.Parameter([CODES, FEATURES])

    def forward(self) -> dict[str, nn.Tensor]:
        x = self.encoder(frames())
        distance = nn.reduce_sum(nn.square(self.codes), FEATURES) - 2.0 * nn.dot(x, self.codes, reduce=FEATURES)
        place = nn.argmin(distance)
        code = nn.dot(nn.one_hot(place), self.codes, reduce=CODES)
        y = x + nn.stop_gradient(code - x)
        nn.reduce_mean(nn.square(nn.stop_gradient(x) - code)).mark_as_loss("codes")
        nn.reduce_sum(y).mark_as_loss("output")
        return {"y": y, "place": place}


def test_quantized() -> None:
    """The loss of the output gives the encoder the gradient of a sum of its own outputs, and the codes none."""
    network = nn.Network(_Quantized())
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, gradients=True)
    codes = numpy.zeros((6, 5))
    for sequence, places in zip(SEQUENCES, run.in_numpy.outputs["place"].sequences()):
        x = sequence @ parameters["encoder/W"] + parameters["encoder/b"]
        nearest = ((x[:, None] - parameters["codes"]) ** 2).sum(axis=-1).argmin(axis=1)
        numpy.testing.assert_array_equal(places, nearest)
        for row, place in zip(x, nearest):
            codes[place] += 0.4 * (parameters["codes"][place] - row)
    frames_of_all = numpy.concatenate(SEQUENCES).sum(axis=0)
    gradients = run.in_returnn.gradients
    numpy.testing.assert_allclose(
        gradients["encoder/W"], frames_of_all[:, None].repeat(5, axis=1), rtol=1e-4, atol=1e-5
    )
    numpy.testing.assert_allclose(gradients["codes"], codes, rtol=1e-4, atol=1e-5)


class _LinearChain(nn.Module):
    """The sum over all paths of a linear-chain CRF."""

    def __init__(self) -> None:
        super().__init__()
        self.transitions = nn.Parameter([nn.Dim(5, "before"), FEATURES])

    def forward(self) -> nn.Tensor:
        (before, _) = self.transitions.dims
        loop = nn.Loop()
        loop.state.paths = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            paths = nn.replace_dim(loop.state.paths, axis=FEATURES, out_dim=before)
            steps = nn.combine("add", paths, self.transitions, allow_broadcast_all_sources=True)
            loop.state.paths = nn.reduce_logsumexp(steps, before) + loop.unstack(frames())
        total = nn.reduce_logsumexp(loop.state.paths)
        (-total).mark_as_loss()
        return total


def test_linear_chain() -> None:
    network = nn.Network(_LinearChain())
    parameters = random_parameters(network)
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, trains=True).in_numpy
    for x, total in zip(SEQUENCES, run.outputs["output"].value):
        paths = numpy.zeros(5)
        for frame in x:
            paths = numpy.logaddexp.reduce(paths[:, None] + parameters["transitions"], axis=0) + frame
        numpy.testing.assert_allclose(total, numpy.logaddexp.reduce(paths), rtol=1e-5)
