"""Recognisers, transducers, Transformers, Tacotron and the pointer network of ``configs/gallery``."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy
import pytest

from configs.gallery import (
    conformer_ctc_attention,
    listen_attend_spell,
    monotonic_attention,
    pointer_network,
    recurrent_neural_aligner,
    rnn_transducer,
    segmental_attention,
    tacotron,
    transformer,
    universal_transformer,
)
from recipe import nn

from ...recipe.nn.agreement import check_agreement, ragged_frames
from ...recipe.nn.returnn_run import run_returnn
from ...without_returnn import is_left_out
from .checks import FRAMES, POSITIONS, check, made_up, parameters_of

pytestmark = pytest.mark.xdist_group("returnn-2")


@pytest.mark.parametrize(
    ("module", "dims"),
    [
        (listen_attend_spell, {}),
        (rnn_transducer, {}),
        (recurrent_neural_aligner, {}),
        (monotonic_attention, {"chunk": 2, "noise": 0.0}),
        (segmental_attention, {}),
        (transformer, {"num_layers": 1, "dropout": 0.0}),
        (universal_transformer, {"max_depth": 2}),
        (conformer_ctc_attention, {"num_layers": 1, "dropout": 0.0}),
    ],
    ids=lambda value: value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else "",
)
def test_trained_and_searched(module: ModuleType, dims: dict[str, Any]) -> None:
    found = check(module, **dims)
    assert found.beam_scores is not None and numpy.isfinite(found.beam_scores).all()


def test_tacotron() -> None:
    """Trained, and frames are made until the stop token, of each text by itself."""
    found = check(tacotron, dropout=0.0)
    assert found.beam_scores is None


def test_pointer_network() -> None:
    """Trained on orders; what is found is an order of each sequence's own points."""
    feeds = made_up(pointer_network.training())
    generator = numpy.random.default_rng(1)
    orders: numpy.ndarray = numpy.zeros((len(FRAMES), max(FRAMES)), "int32")
    for row, length in enumerate(FRAMES):
        orders[row, :length] = generator.permutation(length)
    found = check(pointer_network, {**feeds, "classes": (orders, numpy.array(FRAMES, "int32"))})
    hypotheses = found.outputs["output"].sequences()
    assert [sorted(hypothesis) for hypothesis in hypotheses] == [list(range(n)) for n in FRAMES for _ in range(3)]


def uniform_loss(module: ModuleType, feeds: dict[str, Any]) -> float:
    """The mean loss per sequence, where all labels are as likely as each other: all parameters are 0."""
    training = module.training()
    zeros = {name: numpy.zeros(parameter.shape, "float32") for name, parameter in training.parameters.items()}
    return nn.run_numpy(training, feeds, zeros).losses["full_sum"]


def test_sums_of_transducers_are_over_all_alignments() -> None:
    """With equal probabilities the sum is how many alignments there are, times that of one of them."""
    feeds = made_up(rnn_transducer.training())
    in_rnn_t = [math.comb(t + u - 1, u) * 5.0 ** -(t + u) for t, u in zip(FRAMES, POSITIONS)]
    in_rna = [math.comb(t, u) * 5.0**-t for t, u in zip(FRAMES, POSITIONS)]
    for module, probabilities in ((rnn_transducer, in_rnn_t), (recurrent_neural_aligner, in_rna)):
        expected = -numpy.log(probabilities).mean()
        numpy.testing.assert_allclose(uniform_loss(module, feeds), expected, rtol=1e-5)


def test_sum_of_segments_is_over_all_segmentations() -> None:
    """The same for segments of up to 4 frames, of which each length that fits is as likely."""

    def probability(frames: int, letters: int) -> float:
        if letters == 0:
            return float(frames == 0)
        fitting = range(1, min(4, frames) + 1)
        return sum(probability(frames - length, letters - 1) / len(fitting) / 4.0 for length in fitting)

    expected = -numpy.log([probability(t, u) for t, u in zip(FRAMES, POSITIONS)]).mean()
    feeds = made_up(segmental_attention.training())
    numpy.testing.assert_allclose(uniform_loss(segmental_attention, feeds), expected, rtol=1e-5)


def test_noise_of_monotonic_attention() -> None:
    """In training alone."""
    noisy, plain = monotonic_attention.training(noise=1.0), monotonic_attention.training(noise=0.0)
    feeds, parameters = made_up(noisy), parameters_of(noisy)

    def loss(network: nn.Network, **options: Any) -> float:
        return nn.run_numpy(network, feeds, parameters, **options).losses["ce"]

    assert len({loss(noisy, train=True, seed=seed) for seed in range(3)}) == 3
    assert loss(noisy) == loss(plain)
    check_agreement(noisy, feeds, parameters=parameters)
    run = run_returnn(noisy, feeds, parameters, train=True, trains=2)
    if not is_left_out():
        assert all(numpy.isfinite(value).all() for value in run.trained.values())


def test_monotonic_attention_without_chunks() -> None:
    """With a chunk of one frame, the soft attention changes nothing."""
    training = monotonic_attention.training(chunk=1)
    feeds = made_up(training)
    parameters = training.random_parameters(seed=1)
    changed = {name: value + 1.0 if "/soft/" in name else value for name, value in parameters.items()}
    losses = [nn.run_numpy(training, feeds, values).losses["ce"] for values in (parameters, changed)]
    numpy.testing.assert_allclose(losses[0], losses[1], rtol=1e-6)


@pytest.mark.parametrize(
    ("module", "dims"),
    [(rnn_transducer, {"max_labels_per_frame": 2}), (recurrent_neural_aligner, {}), (segmental_attention, {})],
    ids=["rnn_transducer", "recurrent_neural_aligner", "segmental_attention"],
)
def test_sum_over_what_is_found_is_the_probability_in_training(module: ModuleType, dims: dict[str, Any]) -> None:
    """A beam that keeps all hypotheses finds all alignments of a text; training sums over the same."""
    training, search = module.training(**dims), module.search(beam_size=800, **dims)
    parameters = parameters_of(training)
    data = ragged_frames([2], 4, seed=5)
    found = nn.run_numpy(search, {"data": data}, parameters)
    assert found.beam_scores is not None
    blank = getattr(module, "BLANK", -1)
    sums: dict[tuple[int, ...], float] = {}
    for labels, score in zip(found.outputs["letters" if blank < 0 else "output"].sequences(), found.beam_scores[0]):
        complete = blank < 0 or module is recurrent_neural_aligner or list(labels).count(blank) == 2
        text = tuple(int(label) for label in labels if label != blank)
        if complete and score > -1e20:
            sums[text] = numpy.logaddexp(sums.get(text, -numpy.inf), score)
    texts = [text for text in sums if 1 <= len(text) <= 2]
    assert len(texts) == 4 + 16
    for text in texts:
        feeds = {"data": data, "classes": (numpy.array([text], "int32"), numpy.array([len(text)], "int32"))}
        loss = nn.run_numpy(training, feeds, parameters).losses["full_sum"]
        numpy.testing.assert_allclose(loss, -sums[text], rtol=1e-4, atol=1e-5)
