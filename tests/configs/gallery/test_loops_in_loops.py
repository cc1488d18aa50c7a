"""Hierarchical attention, the PixelRNN and adaptive computation time of ``configs/gallery``, against plain loops."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from configs.gallery import adaptive_computation_time, hierarchical_attention, pixel_rnn
from recipe import nn

from ...recipe.nn.agreement import check_agreement, ragged_frames, ragged_labels
from .checks import check_search, check_training, parameters_of
from .plain import Parameters, bidirectional_gru, gru, linear, sigmoid, softmax

pytestmark = pytest.mark.xdist_group("returnn-2")

DOCUMENTS = {
    "data": ragged_labels([9, 6, 4], 12, seed=1),
    "sizes": (numpy.array([[4, 2, 3], [1, 5, 99], [4, 7, 8]], "int32"), numpy.array([3, 2, 1], "int32")),
    "classes": numpy.array([2, 0, 1], "int32"),
}
IMAGES = {
    "data": (
        numpy.random.default_rng(1).integers(0, 4, (3, 4, 5)).astype("int32"),
        numpy.array([4, 2, 3], "int32"),
        numpy.array([2, 5, 3], "int32"),
    )
}
VECTORS = {"data": ragged_frames([4, 2, 3], 6, seed=1), "classes": ragged_labels([4, 2, 3], 2, seed=2)}


def test_hierarchical_attention() -> None:
    check_training(hierarchical_attention.training(), DOCUMENTS)


def test_documents_are_lists_of_sentences() -> None:
    """Against loops over the sentences of each document, which are cut out of its words."""
    network = hierarchical_attention.training()
    p = parameters_of(network)
    run = nn.run_numpy(network, DOCUMENTS, p)

    def mean(name: str, frames: numpy.ndarray) -> tuple[numpy.ndarray, numpy.ndarray]:
        energies = [numpy.tanh(linear(p, f"{name}/hidden", frame)) @ p[f"{name}/counts"] for frame in frames]
        weights = softmax(numpy.array(energies))
        return weights @ frames, weights

    (texts, _), (all_sizes, counts) = DOCUMENTS["data"], DOCUMENTS["sizes"]
    for row, (text, sizes, count) in enumerate(zip(texts, all_sizes, counts)):
        sentences = numpy.split(text, numpy.cumsum(sizes[:count]))[:count]
        vectors = [
            mean("word_attention", bidirectional_gru(p, "words", list(p["embedding/W"][s])))[0] for s in sentences
        ]
        document, weights = mean("sentence_attention", bidirectional_gru(p, "sentences", vectors))
        topics = numpy.log(softmax(linear(p, "output", document)))
        numpy.testing.assert_allclose(run.outputs["topics"].value[row], topics, rtol=1e-4)
        numpy.testing.assert_allclose(run.outputs["sentences"].value[row, :count], weights, rtol=1e-4)


def test_pixel_rnn() -> None:
    """Trained, and used for completion, each pixel the most likely one."""
    training = pixel_rnn.training()
    check_training(training, IMAGES)
    check_search(training, pixel_rnn.completion(temperature=0.0), IMAGES)


def pixel_losses(p: Parameters, image: numpy.ndarray) -> float:
    """The sum of all pixels' cross entropies, by loops over rows and columns."""
    above = [numpy.zeros(4)] * image.shape[1]
    loss = 0.0
    for row in image:
        left, before, states = numpy.zeros(4), 0, []
        for column, pixel in enumerate(row):
            x = p["embedding/W"][before], left, above[column]
            new, keep_left, keep_above = numpy.split(sigmoid(linear(p, "gates", *x)), 3)
            left = new * numpy.tanh(linear(p, "new", *x)) + keep_left * left + keep_above * above[column]
            loss -= numpy.log(softmax(linear(p, "output", left))[pixel])
            before = pixel
            states.append(left)
        above = states
    return loss


def test_pixels_are_seen_from_the_left_and_from_above() -> None:
    network = pixel_rnn.training()
    p = parameters_of(network)
    images, heights, widths = IMAGES["data"]
    expected = sum(pixel_losses(p, image[:h, :w]) for image, h, w in zip(images, heights, widths)) / sum(heights)
    numpy.testing.assert_allclose(nn.run_numpy(network, IMAGES, p).losses["ce"], expected, rtol=1e-5)


def test_completion_keeps_the_rows_that_are_given() -> None:
    images, heights, widths = IMAGES["data"]
    network = pixel_rnn.completion(given_rows=2)
    drawn = nn.run_numpy(network, IMAGES, parameters_of(network)).outputs["output"].value
    for image, other, width in zip(images, drawn, widths):
        numpy.testing.assert_array_equal(other[:2, :width], image[:2, :width])
    assert (drawn[0, 2:, :2] != images[0, 2:, :2]).any()


def test_draws_of_pixels_have_the_probabilities_of_the_model() -> None:
    """The first pixel of many images."""
    network = pixel_rnn.completion(given_rows=0)
    p = parameters_of(network)
    many: dict[str, Any] = {
        "data": (numpy.zeros((4000, 1, 1), "int32"), numpy.ones(4000, "int32"), numpy.ones(4000, "int32"))
    }
    drawn = nn.run_numpy(network, many, p).outputs["output"].value
    shares = numpy.bincount(drawn.ravel(), minlength=4) / drawn.size
    expected = [numpy.exp(-pixel_losses(p, numpy.array([[shade]]))) for shade in range(4)]
    numpy.testing.assert_allclose(shares, expected, atol=0.03)


@pytest.mark.parametrize("limit", [1, 6])
def test_adaptive_computation_time(limit: int) -> None:
    """Trained; all frames of one step, too."""
    network = adaptive_computation_time.training(limit=limit)
    if limit > 1:
        check_training(network, VECTORS)
    else:
        check_agreement(network, VECTORS)


def test_steps_with_each_frame() -> None:
    """Against loops: a while loop for each frame, until it halts."""
    network = adaptive_computation_time.training(limit=4)
    p = {**parameters_of(network), "halt/b": numpy.array([-0.8], "float32")}
    run = nn.run_numpy(network, VECTORS, p)
    seen = set()
    for row, (frames, length) in enumerate(zip(*VECTORS["data"])):
        h = numpy.zeros(5)
        for t, frame in enumerate(frames[:length]):
            halted, steps, mean = 0.0, 0, numpy.zeros(5)
            while True:
                h = gru(p, "cell", numpy.concatenate([frame, [steps == 0]]), h)
                halting = sigmoid(linear(p, "halt", h))[0]
                steps += 1
                if halted + halting >= 0.99 or steps == 4:
                    break
                halted, mean = halted + halting, mean + halting * h
            h = mean + (1.0 - halted) * h
            seen.add(steps)
            assert run.outputs["steps"].value[row, t] == steps
            numpy.testing.assert_allclose(run.outputs["logits"].value[row, t], linear(p, "output", h), rtol=1e-4)
    assert len(seen) > 1, "all frames took as many steps"
