"""The attention model: the same losses and hypotheses in NumPy and RETURNN, all parameters trained."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..nn.agreement import check_agreement, random_parameters
from .small_model import END, NUM_PHONES, small_feeds, small_model

pytestmark = pytest.mark.xdist_group("returnn-2")

DEVICES = pytest.mark.parametrize("device", ["cpu", "gpu"])


@DEVICES
@pytest.mark.parametrize("input_feeding", [True, False])
def test_training(device: str, input_feeding: bool) -> None:
    run = check_agreement(small_model(input_feeding=input_feeding), small_feeds(), device=device)
    assert list(run.in_numpy.losses) == ["cross_entropy", "frame_error"]
    assert abs(run.in_numpy.losses["cross_entropy"] - numpy.log(NUM_PHONES)) < 1.0


@DEVICES
@pytest.mark.parametrize("input_feeding", [True, False])
@pytest.mark.parametrize("beam_size", [1, 4])
def test_search(device: str, input_feeding: bool, beam_size: int) -> None:
    network = nn.Network(small_model(input_feeding=input_feeding), search=nn.BeamSearch(beam_size), max_seq_len=7)
    parameters = random_parameters(network, seed=4, scale=2.0)
    run = check_agreement(network, small_feeds(), parameters=parameters, device=device)
    labels = run.in_numpy.outputs["output"]
    assert len(labels.value) == 3 * beam_size
    assert all(END not in row for row in labels.sequences())


@DEVICES
def test_each_parameter_has_a_gradient(device: str) -> None:
    model = small_model(dropout=0.0)
    model.encoder.dropout = 0.0
    network = nn.Network(model)
    run = check_agreement(network, small_feeds(), train=True, gradients=True, device=device)
    assert set(run.in_returnn.gradients) == set(network.parameters) == {name for name, _ in model.named_parameters()}
    for name, gradient in run.in_returnn.gradients.items():
        assert gradient is not None and numpy.abs(gradient).max() > 1e-7, name


@DEVICES
def test_gradient_is_that_of_the_loss(device: str) -> None:
    """
    RETURNN's gradient along a random direction, against differences of the loss in NumPy. What RETURNN minimizes is the
    sum over all frames of the batch, what it and NumPy report is their mean.
    """
    model = small_model(dropout=0.0, num_layers=1)
    model.encoder.dropout = 0.0
    network = nn.Network(model)
    parameters = random_parameters(network, seed=5)
    run = check_agreement(network, small_feeds(), parameters=parameters, train=True, gradients=True, device=device)
    generator = numpy.random.default_rng(0)
    direction = {name: generator.standard_normal(value.shape) for name, value in parameters.items()}
    slope = 0.0
    for name, gradient in run.in_returnn.gradients.items():
        assert gradient is not None, name
        slope += float((gradient * direction[name]).sum())
    slope /= small_feeds()["classes"][1].sum()

    def loss(step: float) -> float:
        moved = {name: value + step * direction[name] for name, value in parameters.items()}
        return nn.run_numpy(network, small_feeds(), moved).losses["cross_entropy"]

    step = 1e-3
    assert slope == pytest.approx((loss(step) - loss(-step)) / (2 * step), rel=2e-2)


def test_training_and_search_have_the_same_parameters() -> None:
    model = small_model()
    training, search = nn.Network(model), nn.Network(model, search=nn.BeamSearch(3))
    assert list(training.parameters) == list(search.parameters)
    for name, parameter in training.parameters.items():
        assert search.parameters[name].dims == parameter.dims
    assert set(training.parameters) == {
        "encoder/embedding/W",
        *(f"encoder/layers/{i}/{way}/{name}" for i in (0, 1) for way in ("fw", "bw") for name in ("W", "W_re", "b")),
        "decoder/embedding/W",
        *(f"decoder/cell/{name}" for name in ("W", "W_re", "b")),
        "decoder/attention/query/W",
        "decoder/attention/key/W",
        *(f"decoder/{layer}/{name}" for layer in ("readout", "output") for name in ("W", "b")),
    }
    assert set(search.extern_data) == {"data"} and set(training.extern_data) == {"data", "classes"}


def test_best_hypothesis_is_first() -> None:
    network = nn.Network(small_model(), search=nn.BeamSearch(4), max_seq_len=7)
    run = nn.run_numpy(network, small_feeds(), random_parameters(network, seed=4, scale=2.0))
    assert run.beam_scores is not None
    assert (numpy.diff(run.beam_scores, axis=1) <= 0).all()


def test_label_smoothing_and_dropout_change_the_training_only() -> None:
    plain, smoothed = small_model(label_smoothing=0.0), small_model()
    assert nn.Network(plain).digest != nn.Network(smoothed).digest
    search = [nn.Network(model, search=nn.BeamSearch(2)).digest for model in (plain, smoothed)]
    assert search[0] == search[1]
