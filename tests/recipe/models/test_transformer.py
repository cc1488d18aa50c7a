"""The Transformer: training and search of one definition, in NumPy and in RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..nn.agreement import check_agreement, random_parameters
from .small_model import END, small_feeds
from .small_transformer import small_transformer

pytestmark = pytest.mark.xdist_group("returnn-2")


def test_training() -> None:
    """Losses and gradients; RETURNN computes all frames at once, though the decoder is a loop."""
    model = small_transformer(dropout=0.0)
    run = check_agreement(model, small_feeds(), train=True, gradients=True)
    assert list(run.in_numpy.losses) == ["cross_entropy", "frame_error"]
    assert run.in_returnn.layers_in_loop == {}  # no loop is left
    assert all(gradient is not None and numpy.abs(gradient).max() > 0 for gradient in run.in_returnn.gradients.values())


@pytest.mark.parametrize("beam_size", [1, 4])
def test_search(beam_size: int) -> None:
    network = nn.Network(small_transformer(), search=nn.BeamSearch(beam_size), max_seq_len=7)
    run = check_agreement(network, small_feeds(), parameters=random_parameters(network, seed=4, scale=2.0))
    labels = run.in_numpy.outputs["output"]
    assert len(labels.value) == 3 * beam_size
    assert all(END not in row for row in labels.sequences())


def test_training_and_search_have_the_same_parameters() -> None:
    model = small_transformer()
    nn.check_parameters(nn.Network(model), nn.Network(model, search=nn.BeamSearch(2)))


def test_a_frame_sees_no_later_label() -> None:
    """Logits of a step do not change with the targets from that step on."""
    model = small_transformer()

    def logits() -> nn.Tensor:
        encoder = model.encoder(nn.get_extern_data(model.source))
        return model.decoder(encoder, nn.get_extern_data(model.target)).logits

    network, feeds = nn.Network(logits), small_feeds()
    parameters = random_parameters(network)
    before = nn.run_numpy(network, feeds, parameters).outputs["output"].value
    targets, lengths = feeds["classes"]
    changed = targets.copy()
    changed[:, 2] = (targets[:, 2] + 1) % 9
    after = nn.run_numpy(network, {**feeds, "classes": (changed, lengths)}, parameters).outputs["output"].value
    numpy.testing.assert_array_equal(before[:, :3], after[:, :3])
    assert numpy.abs(before[:, 3:] - after[:, 3:]).max() > 1e-3
