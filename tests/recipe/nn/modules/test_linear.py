"""Linear and Embedding: the same in NumPy and RETURNN, and what the definition says."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import CLASSES, FEATURES, FEEDS, FRAMES, LABELS, classes, frames, other_frames, vector
from ..stepwise import in_loop, on_sequence

pytestmark = pytest.mark.xdist_group("returnn-1")


class OneLayer(nn.Module):
    """A model of one layer, called by a function of the layer, frames, other frames and labels."""

    def __init__(self, layer: nn.Module, call: Callable[..., nn.Tensor], inside: bool):
        super().__init__()
        self.layer, self.call, self.inside = layer, call, inside

    def forward(self) -> nn.Tensor | dict[str, nn.Tensor]:
        def function(a: nn.Tensor, b: nn.Tensor, labels: nn.Tensor) -> nn.Tensor:
            return self.call(self.layer, a, b, labels)

        return in_loop(function) if self.inside else on_sequence(function)


CASES: dict[str, tuple[Callable[[], nn.Module], Callable[..., nn.Tensor]]] = {
    "linear": (lambda: nn.Linear(FEATURES, nn.Dim(6, "out")), lambda layer, a, b, labels: layer(a)),
    "without_bias": (lambda: nn.Linear(FEATURES, 6, with_bias=False), lambda layer, a, b, labels: layer(a)),
    "square": (lambda: nn.Linear(FEATURES, FEATURES), lambda layer, a, b, labels: layer(a)),
    "square_twice": (lambda: nn.Linear(FEATURES, FEATURES), lambda layer, a, b, labels: layer(layer(a))),
    "in_dim_from_input": (lambda: nn.Linear(n_out=6), lambda layer, a, b, labels: layer(a)),
    "list_of_inputs": (lambda: nn.Linear(6), lambda layer, a, b, labels: layer([a, b])),
    "list_of_inputs_square": (lambda: nn.Linear(2 * FEATURES, 2 * FEATURES), lambda layer, a, b, labels: layer([a, b])),
    "labels": (lambda: nn.Linear(LABELS, 6), lambda layer, a, b, labels: layer(labels)),
    "labels_without_bias": (lambda: nn.Linear(LABELS, 6, with_bias=False), lambda layer, a, b, labels: layer(labels)),
    "labels_square": (lambda: nn.Linear(LABELS, LABELS), lambda layer, a, b, labels: layer(labels)),
    "same_size_other_dim": (lambda: nn.Linear(5, 5), lambda layer, a, b, labels: layer(a)),
    "embedding": (lambda: nn.Embedding(LABELS, 6), lambda layer, a, b, labels: layer(labels)),
    "embedding_square": (lambda: nn.Embedding(LABELS, 7), lambda layer, a, b, labels: layer(labels)),
    "layer_norm": (lambda: nn.LayerNorm(FEATURES), lambda layer, a, b, labels: layer(a)),
    "layer_norm_large_epsilon": (lambda: nn.LayerNorm(FEATURES, epsilon=0.5), lambda layer, a, b, labels: layer(a)),
}


@pytest.mark.parametrize("inside", [False, True], ids=["on_sequence", "in_loop"])
@pytest.mark.parametrize("case", CASES)
def test_agreement(case: str, inside: bool) -> None:
    make, call = CASES[case]
    check_agreement(OneLayer(make(), call, inside), FEEDS)


def test_linear_is_x_w_plus_b() -> None:
    model = OneLayer(nn.Linear(FEATURES, 6), lambda layer, a, b, labels: layer(a), inside=False)
    network = nn.Network(model)
    parameters = {"layer/W": numpy.arange(30, dtype="float32").reshape(5, 6), "layer/b": numpy.ones(6, "float32")}
    result = nn.run_numpy(network, FEEDS, parameters).outputs["output"]
    expected = FEEDS["data"][0] @ parameters["layer/W"] + 1.0
    numpy.testing.assert_allclose(result.value, expected, rtol=1e-5)


def test_linear_of_a_vector_and_of_frames_shares_parameters() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            return self.linear(frames()) + self.linear(vector())

    run = check_agreement(Model(), FEEDS)
    assert list(run.in_returnn.parameters) == ["linear/W", "linear/b"]


def test_embedding_is_a_row() -> None:
    model = OneLayer(nn.Embedding(LABELS, 6), lambda layer, a, b, labels: layer(labels), inside=False)
    network = nn.Network(model)
    table = numpy.random.default_rng(0).standard_normal((7, 6)).astype("float32")
    result = nn.run_numpy(network, FEEDS, {"layer/W": table}).outputs["output"]
    numpy.testing.assert_array_equal(result.value, table[FEEDS["classes"][0]])


def test_layer_norm_is_the_definition() -> None:
    model = OneLayer(nn.LayerNorm(FEATURES, epsilon=1e-3), lambda layer, a, b, labels: layer(a), inside=False)
    result = nn.run_numpy(nn.Network(model), FEEDS).outputs["output"].value
    x = FEEDS["data"][0]
    expected = (x - x.mean(-1, keepdims=True)) / numpy.sqrt(x.var(-1, keepdims=True) + 1e-3)
    numpy.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


def test_sequential_names_parameters_by_position() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential([nn.Linear(FEATURES, 4), nn.LayerNorm(4), nn.Linear(4, FEATURES)])

        def forward(self) -> nn.Tensor:
            return self.layers(frames()) + other_frames()

    run = check_agreement(Model(), FEEDS)
    wanted = ["layers/0/W", "layers/0/b", "layers/1/bias", "layers/1/scale", "layers/2/W", "layers/2/b"]
    assert sorted(run.in_returnn.parameters) == wanted


def test_wrong_features() -> None:
    def model() -> nn.Tensor:
        return nn.Linear(nn.Dim(6, "six"), 4)(frames())

    with pytest.raises(
        nn.NetworkError, match="Linear 'linear' has in_dim six=6, but its input has the feature dim features=5"
    ):
        nn.Network(model, extern_data=[FRAMES])


def test_embedding_wants_labels() -> None:
    with pytest.raises(nn.NetworkError, match="Embedding wants labels of labels=7"):
        nn.Network(lambda: nn.Embedding(LABELS, 4)(frames()), extern_data=[CLASSES])
    with pytest.raises(nn.NetworkError, match="labels of labels=7"):
        nn.Network(lambda: nn.Embedding(nn.Dim(7, "others"), 4)(classes()))
