"""The mixtures of experts and of softmaxes, and the variational autoencoder of ``configs/gallery``."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from configs.gallery import mixture_of_experts, mixture_of_softmaxes, variational_autoencoder
from recipe import nn

from ...recipe.nn.agreement import check_agreement, ragged_frames, ragged_labels
from .checks import check, check_search, parameters_of
from .random_checks import check_noisy_training

pytestmark = pytest.mark.xdist_group("returnn-2")

TEXTS = ragged_labels([4, 2, 3], 7, seed=1)
FEEDS = {"data": TEXTS, "begin": numpy.array([2, 5, 1], "int32")}


def test_mixture_of_experts() -> None:
    training = mixture_of_experts.training()
    run = check_noisy_training(training, {"data": TEXTS})
    gates = run.outputs["gates"].value[0]
    assert ((gates > 0.0).sum(axis=-1) == 2).all()
    numpy.testing.assert_allclose(gates.sum(axis=-1), 1.0, rtol=1e-5)
    check_search(training, mixture_of_experts.search(), FEEDS)


def test_load_is_how_likely_an_expert_is_chosen() -> None:
    """The mean over many draws is the share of those in which it was chosen."""
    network = mixture_of_experts.training()
    many: dict[str, Any] = {"data": (numpy.ones((3000, 1), "int32"), numpy.ones(3000, "int32"))}
    outputs = nn.run_numpy(network, many, parameters_of(network), train=True).outputs
    chosen = (outputs["gates"].value > 0.0).mean(axis=(0, 1))
    assert chosen.max() < 0.95 and chosen.min() > 0.05
    numpy.testing.assert_allclose(outputs["load"].value.mean(axis=(0, 1)), chosen, atol=0.04)


def test_mixture_of_softmaxes() -> None:
    check(mixture_of_softmaxes, FEEDS, dropout=0.0)


@pytest.mark.parametrize("softmaxes", [1, 3])
def test_rank_of_log_probabilities(softmaxes: int) -> None:
    """One softmax over vectors of 2 features cannot say more than a matrix of rank 4; a mixture can."""
    network = mixture_of_softmaxes.training(embedding_size=2, softmaxes=softmaxes, dropout=0.0)
    feeds = {"data": ragged_labels([30] * 20, 7, seed=1)}
    parameters = {name: 3.0 * value for name, value in parameters_of(network).items()}
    log_probs: numpy.ndarray = (
        nn.run_numpy(network, feeds, parameters).outputs["output"].value.reshape(-1, 7).astype("float64")
    )
    numpy.testing.assert_allclose(numpy.exp(log_probs).sum(axis=-1), 1.0, rtol=1e-4)
    values = numpy.linalg.svd(log_probs, compute_uv=False)
    assert (values > 1e-4 * values[0]).sum() == (4 if softmaxes == 1 else 7)


def test_one_mask_of_dropout_for_all_words() -> None:
    """With the same word in each step, and no state that changes, each step gives the same."""
    network = mixture_of_softmaxes.training(dropout=0.5)
    parameters = {
        name: numpy.zeros_like(value) if name.endswith("W_re") else value
        for name, value in parameters_of(network).items()
    }
    for name in parameters:
        if name.endswith(("layers/0/b", "layers/1/b")):
            parameters[name][5:10] = -30.0  # the new state in place of that before
    feeds: dict[str, Any] = {"data": (numpy.zeros((2, 5), "int32"), numpy.array([5, 5], "int32"))}
    values = nn.run_numpy(network, feeds, parameters, train=True).outputs["output"].value
    numpy.testing.assert_allclose(values, values[:, :1].repeat(5, axis=1), atol=1e-5)
    assert numpy.abs(values[0] - values[1]).max() > 1e-3


def test_variational_autoencoder() -> None:
    """Trained; the sentences of means, and of points that are given."""
    training = variational_autoencoder.training(warm_up=4)
    check_noisy_training(training, {"data": TEXTS})
    parameters = parameters_of(training)
    of_means = variational_autoencoder.search()
    nn.check_parameters(training, of_means, ignore_extra=True)
    of_points = variational_autoencoder.search(point_given=True)
    points = ragged_frames([1, 1, 1], 3, seed=5)[0][:, 0]
    for network, feeds in ((of_means, {"data": TEXTS}), (of_points, {"point": points})):
        check_agreement(network, feeds, parameters={name: parameters[name] for name in network.parameters})


def test_kl_loss() -> None:
    """Its weight rises with the steps of training; it is that of the distribution that points are drawn from."""
    network = variational_autoencoder.training(warm_up=40)
    p = parameters_of(network)
    for name in ("mean/W", "log_variance/W"):
        p[name] = numpy.zeros_like(p[name])
    mean, log_variance = p["mean/b"], p["log_variance/b"]
    drawn = mean + numpy.exp(0.5 * log_variance) * numpy.random.default_rng(1).standard_normal((100000, 3))
    log_posterior = -0.5 * (drawn - mean) ** 2 / numpy.exp(log_variance) - 0.5 * log_variance
    expected = (log_posterior + 0.5 * drawn**2).sum(axis=1).mean()
    losses = [nn.run_numpy(network, {"data": TEXTS}, p, train_step=step).losses["kl"] for step in (0, 40, 400)]
    numpy.testing.assert_allclose(losses, [expected / (1.0 + numpy.exp(4.0)), expected / 2.0, expected], rtol=0.02)


def test_points_are_drawn_in_training_alone() -> None:
    network = variational_autoencoder.training(word_dropout=0.0)
    p = parameters_of(network)
    for train in (False, True):
        one, other = (
            nn.run_numpy(network, {"data": TEXTS}, p, train=train, seed=seed).outputs["output"].value for seed in (1, 2)
        )
        assert (numpy.abs(one - other).max() > 1e-3) == train
