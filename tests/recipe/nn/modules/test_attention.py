"""Attention: the same in NumPy and RETURNN, and what the definition says."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement, random_parameters
from ..inputs import FEATURES, FEEDS, FRAMES, LENGTHS, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")

KEY = nn.Dim(4, "key")
STEPS = nn.Dim(None, "steps_of_queries")
QUERIES = nn.ExternData("queries", [nn.batch_dim, STEPS, FEATURES])
QUERY_FEEDS = {
    **FEEDS,
    "queries": (
        numpy.random.default_rng(5).standard_normal((3, 3, 5)).astype("float32"),
        numpy.array([2, 3, 1], "int32"),
    ),
}
KINDS = pytest.mark.parametrize("kind", [nn.DotAttention, nn.AdditiveAttention])


class Once(nn.Module):
    """Attention outside of loops."""

    def __init__(self, kind: type[nn.DotAttention] | type[nn.AdditiveAttention]):
        super().__init__()
        self.attention = kind(FEATURES, FEATURES, KEY)

    def forward(self) -> nn.Tensor:
        return self.attention(vector(), frames())


class EachStep(Once):
    """Attention in each step of a loop over other steps, the context fed back into the query."""

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.context = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            query = loop.unstack(nn.get_extern_data(QUERIES)) + loop.state.context
            loop.state.context = self.attention(query, frames())
            return loop.stack(loop.state.context)


class SameAxis(Once):
    """The loop runs over the very frames that are attended to."""

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.context = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            query = loop.unstack(frames()) + loop.state.context
            loop.state.context = self.attention(query, frames())
            return loop.stack(loop.state.context)


@KINDS
@pytest.mark.parametrize("model", [Once, EachStep, SameAxis])
def test_agreement(model: type[Once], kind: type[nn.DotAttention] | type[nn.AdditiveAttention]) -> None:
    check_agreement(model(kind), QUERY_FEEDS)


def expected_context(energy: numpy.ndarray) -> numpy.ndarray:
    """The weighted mean of the frames of each sequence, for energies [batch, time]."""
    rows = []
    for row, values, length in zip(FEEDS["data"][0], energy, LENGTHS):
        weights = numpy.exp(values[:length] - values[:length].max())
        rows.append((weights / weights.sum()) @ row[:length])
    return numpy.stack(rows)


def test_dot_attention_is_the_definition() -> None:
    network = nn.Network(Once(nn.DotAttention))
    parameters = random_parameters(network)
    result = nn.run_numpy(network, FEEDS, parameters).outputs["output"]
    keys = FEEDS["data"][0] @ parameters["attention/key/W"]
    query = FEEDS["vector"] @ parameters["attention/query/W"]
    energy = numpy.einsum("btk,bk->bt", keys, query) / 2.0
    numpy.testing.assert_allclose(result.value, expected_context(energy), rtol=1e-4)


def test_additive_attention_is_the_definition() -> None:
    network = nn.Network(Once(nn.AdditiveAttention))
    parameters = random_parameters(network)
    result = nn.run_numpy(network, FEEDS, parameters).outputs["output"]
    keys = FEEDS["data"][0] @ parameters["attention/key/W"] + parameters["attention/key/b"]
    query = FEEDS["vector"] @ parameters["attention/query/W"]
    energy = (numpy.tanh(keys + query[:, None]) @ parameters["attention/energy/W"])[..., 0]
    numpy.testing.assert_allclose(result.value, expected_context(energy), rtol=1e-4)


@KINDS
def test_query_with_the_axis_of_the_frames(kind: type[nn.DotAttention] | type[nn.AdditiveAttention]) -> None:
    def model() -> nn.Tensor:
        x = nn.get_extern_data(FRAMES)
        return kind(FEATURES, FEATURES, KEY)(x, x)

    with pytest.raises(nn.NetworkError, match="each frame would only see itself"):
        nn.Network(model)


def test_gradient_reaches_each_parameter_and_not_the_padding() -> None:
    class Loss(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = EachStep(nn.AdditiveAttention)

        def forward(self) -> None:
            context = self.model()
            nn.reduce_sum(context * context).mark_as_loss("squared")

    run = check_agreement(Loss(), QUERY_FEEDS, train=True, gradients=True)
    for name, gradient in run.in_returnn.gradients.items():
        assert gradient is not None and numpy.abs(gradient).max() > 1e-6, name


class Causal(nn.Module):
    """Causal self-attention in a loop, on the whole sequence, and in a loop that feeds it back."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.CausalSelfAttention(FEATURES, KEY, FEATURES)

    def forward(self, form: str) -> nn.Tensor:
        if form == "sequence":
            y = self.attention(frames())
        else:
            loop = nn.Loop()
            loop.state.y = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                x = loop.unstack(frames())
                step = self.attention(x + loop.state.y if form == "fed_back" else x)
                if form == "fed_back":
                    loop.state.y = nn.tanh(step)
                y = loop.stack(step)
        (y * 1.0).mark_as_loss("loss")
        return y


def test_causal_self_attention_in_a_loop_and_on_the_sequence() -> None:
    runs = {
        form: check_agreement(Causal(), FEEDS, form=form, gradients=True, train=True)
        for form in ("sequence", "loop", "fed_back")
    }
    on_sequence, in_loop = (runs[form].in_numpy.outputs["output"].value for form in ("sequence", "loop"))
    for row, length in enumerate(LENGTHS):
        numpy.testing.assert_allclose(in_loop[row, :length], on_sequence[row, :length], rtol=1e-4, atol=1e-6)
    for form, run in runs.items():
        untrained = [name for name, gradient in run.in_returnn.gradients.items() if not numpy.abs(gradient).max() > 0]
        assert not untrained, form
    assert len({tuple(run.network.parameters) for run in runs.values()}) == 1
