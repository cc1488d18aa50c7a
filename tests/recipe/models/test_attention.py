"""Attentions of the LSTM decoder: by their formulas in NumPy, and in training and search in RETURNN."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.models.attention import (
    MonotonicWindowAttention,
    MultiHeadDotAttention,
    StatefulAttention,
    WeightFeedbackAttention,
)
from recipe.models.attention_decoder import AttentionLstmDecoder

from ..nn.agreement import check_agreement, ragged_frames, random_parameters
from .small_model import small_feeds, small_model

pytestmark = pytest.mark.xdist_group("returnn-2")

LSTM, ENCODER, KEY, HEADS = nn.Dim(5, "decoder"), nn.Dim(12, "encoder"), nn.Dim(4, "key"), nn.Dim(2, "heads")
MAKERS: dict[str, Callable[[nn.Dim, nn.Dim], nn.Module]] = {
    "additive": lambda query, frames: nn.AdditiveAttention(query, frames, KEY),
    "multi-head": lambda query, frames: MultiHeadDotAttention(query, frames, KEY, HEADS),
    "weight feedback": lambda query, frames: WeightFeedbackAttention(query, frames, KEY),
    "fertility": lambda query, frames: WeightFeedbackAttention(query, frames, KEY, inverse_fertility=True),
    "monotonic": lambda query, frames: MonotonicWindowAttention(query),
}


def _model(name: str) -> Any:
    """The small model with another attention."""
    model = small_model(dropout=0.0, num_layers=1)
    model.encoder.dropout = 0.0
    encoder_dim, lstm_dim = model.encoder.out_dim, nn.Dim(5, "decoder")
    model.decoder = AttentionLstmDecoder(
        encoder_dim,
        model.decoder.labels,
        end_label=model.decoder.end_label,
        embedding_dim=nn.Dim(3, "phone_vector"),
        lstm_dim=lstm_dim,
        readout_dim=nn.Dim(6, "readout"),
        attention=MAKERS[name](lstm_dim, encoder_dim),
    )
    return model


@pytest.mark.parametrize("name", MAKERS)
def test_training_and_search(name: str) -> None:
    model = _model(name)
    run = check_agreement(model, small_feeds(), train=True, gradients=True)
    for parameter, gradient in run.in_returnn.gradients.items():
        assert gradient is not None and numpy.abs(gradient).max() > 1e-7, parameter
    search = nn.Network(model, search=nn.BeamSearch(3), max_seq_len=6)
    nn.check_parameters(run.network, search)
    check_agreement(search, small_feeds(), parameters=random_parameters(search, seed=6, scale=2.0))


class Attending(nn.Module):
    """Three steps of an attention, with the frames of another input as queries."""

    def __init__(self, attention: nn.Module):
        super().__init__()
        self.attention = attention
        self.frames = nn.ExternData("frames", [nn.batch_dim, nn.Dim(None, "time"), ENCODER])
        self.queries = nn.ExternData("queries", [nn.batch_dim, nn.Dim(None, "steps"), LSTM])

    def forward(self) -> nn.Tensor:
        frames, queries = nn.get_extern_data(self.frames), nn.get_extern_data(self.queries)
        loop = nn.Loop()
        if isinstance(self.attention, StatefulAttention):
            loop.state.attention = self.attention.initial_state(frames)
        with loop:
            query = loop.unstack(queries)
            if not isinstance(self.attention, StatefulAttention):
                return loop.stack(self.attention(query, frames))
            context, loop.state.attention = self.attention(query, frames, loop.state.attention)
            return loop.stack(context)


FRAMES, QUERIES = ragged_frames((4, 2, 3), 12, seed=1), ragged_frames((3, 2, 3), 5, seed=2)


def _contexts(name: str) -> tuple[list[numpy.ndarray], dict[str, numpy.ndarray]]:
    network = nn.Network(Attending(MAKERS[name](LSTM, ENCODER)))
    parameters = random_parameters(network, seed=7)
    run = nn.run_numpy(network, {"frames": FRAMES, "queries": QUERIES}, parameters)
    values = {path.removeprefix("attention/"): value.astype("float64") for path, value in parameters.items()}
    return run.outputs["output"].sequences(), values


def _sequences() -> list[tuple[numpy.ndarray, numpy.ndarray]]:
    pairs = zip(zip(*FRAMES), zip(*QUERIES))
    return [(frames[:length], queries[:steps]) for (frames, length), (queries, steps) in pairs]


def _softmax(x: numpy.ndarray) -> numpy.ndarray:
    return numpy.exp(x - numpy.logaddexp.reduce(x))


@pytest.mark.parametrize("name", ["weight feedback", "fertility"])
def test_weight_feedback(name: str) -> None:
    contexts, values = _contexts(name)
    for (frames, queries), found in zip(_sequences(), contexts, strict=True):
        attended = numpy.zeros(len(frames))
        for query, context in zip(queries, found, strict=True):
            hidden = frames @ values["key/W"] + values["key/b"] + query @ values["query/W"]
            energy = numpy.tanh(hidden + attended[:, None] * values["feedback"]) @ values["energy/W"][:, 0]
            weights = _softmax(energy)
            numpy.testing.assert_allclose(context, weights @ frames, rtol=1e-4, atol=1e-5)
            if name == "fertility":
                attended += weights / (1 + numpy.exp(-frames @ values["inverse_fertility/W"][:, 0])) / 2
            else:
                attended += weights


def test_multi_head() -> None:
    contexts, values = _contexts("multi-head")
    for (frames, queries), found in zip(_sequences(), contexts, strict=True):
        for query, context in zip(queries, found, strict=True):
            parts = []
            for head in range(2):
                keys = (frames @ values["key/W"])[:, 2 * head : 2 * head + 2]
                energy = keys @ (query @ values["query/W"])[2 * head : 2 * head + 2] / numpy.sqrt(2)
                parts.append(_softmax(energy) @ (frames @ values["value/W"])[:, 6 * head : 6 * head + 6])
            numpy.testing.assert_allclose(context, numpy.concatenate(parts), rtol=1e-4, atol=1e-5)


def test_monotonic_window() -> None:
    contexts, values = _contexts("monotonic")
    for (frames, queries), found in zip(_sequences(), contexts, strict=True):
        position = 0.0
        for query, context in zip(queries, found, strict=True):
            move, sharpness = (
                numpy.log1p(numpy.exp(query @ values[f"{part}/W"][:, 0] + values[f"{part}/b"][0]))
                for part in ("move", "sharpness")
            )
            position += move
            weights = _softmax(-sharpness * (numpy.arange(len(frames)) - position) ** 2)
            numpy.testing.assert_allclose(context, weights @ frames, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("given", [{}, {"key_dim": KEY, "attention": nn.DotAttention(LSTM, ENCODER, KEY)}])
def test_one_attention(given: dict[str, Any]) -> None:
    dim = nn.Dim(4, "dim")
    with pytest.raises(nn.NetworkError, match="a decoder has one attention: either key_dim, .* or attention"):
        AttentionLstmDecoder(
            ENCODER, nn.Dim(3, "labels"), end_label=0, embedding_dim=dim, lstm_dim=LSTM, readout_dim=dim, **given
        )
