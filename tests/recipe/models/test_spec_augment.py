"""SpecAugment: nothing outside of training; in it masks as wide and as many as was said, inside of each sequence."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.models.spec_augment import SpecAugment

from ..nn.agreement import check_agreement, ragged_frames
from ..nn.returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-2")

TIME, MEL, FEATURES = nn.Dim(None, "time"), nn.Dim(8, "mel"), nn.Dim(16, "features")
FRAMES = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
LENGTHS = numpy.array([40, 20, 1, 33] * 75, "int32")
ONES = {"data": (numpy.ones((300, 40, 16), "float32"), LENGTHS)}


def network(**options) -> nn.Network:
    """SpecAugment of the input."""
    return nn.Network(lambda: SpecAugment(MEL, **options)(nn.get_extern_data(FRAMES)))


def hidden_in_training(one: nn.Network) -> list[numpy.ndarray]:
    """Where the frames [batch, time, features] are hidden, in NumPy and in RETURNN."""
    in_numpy = nn.run_numpy(one, ONES, {}, train=True).outputs["output"].value
    output = run_returnn(one, ONES, train=True).outputs["output"]
    assert output.dims[:2] == ["batch", "time"]
    return [in_numpy == 0, output.value == 0]


def test_identity_outside_of_training() -> None:
    feeds = {"data": ragged_frames([7, 1, 12], 16)}
    run = check_agreement(network(), feeds)
    numpy.testing.assert_array_equal(run.in_numpy.outputs["output"].value, feeds["data"][0])


def test_time_mask() -> None:
    """One stretch of 0 to 5 frames of all features, each width equally likely, nowhere more than a quarter."""
    one = network(time_masks=1, time_width=5, longest_part=0.25, frequency_masks=0)
    for hidden in hidden_in_training(one):
        assert (hidden.all(axis=2) == hidden.any(axis=2)).all()
        frames = hidden[:, :, 0]
        assert not frames[numpy.arange(40) >= LENGTHS[:, None]].any()
        assert (numpy.diff(frames.astype(int), axis=1) == 1).sum(axis=1).max() == 1, "one stretch"
        widths = frames.sum(axis=1)
        assert widths[LENGTHS == 1].max() == 0 and widths[LENGTHS == 20].max() == 5
        shares = numpy.bincount(widths[LENGTHS >= 20], minlength=6) / (LENGTHS >= 20).sum()
        numpy.testing.assert_allclose(shares, 1 / 6, atol=0.08)
        assert frames[LENGTHS == 40].any(axis=0)[4:36].all(), "each frame is hidden sometimes"


def test_frequency_masks() -> None:
    """Two bands, the same in both of the stacked frames, over the whole sequence."""
    one = network(time_masks=0, frequency_masks=2, frequency_width=3)
    for hidden in hidden_in_training(one):
        bands = hidden[:, 0].reshape(300, 2, 8)
        assert (hidden == hidden[:, :1]).all() and (bands[:, 0] == bands[:, 1]).all()
        edges = numpy.diff(numpy.pad(bands[:, 0].astype(int), ((0, 0), (1, 0))), axis=1) == 1
        assert edges.sum(axis=1).max() == 2, "two bands"
        assert 4 <= bands[:, 0].sum(axis=1).max() <= 6


def test_schedule() -> None:
    """Nothing at first, one of the two masks from step 10 on, both from step 20 on."""
    one = network(time_masks=2, time_width=4, frequency_masks=0, schedule={10: 0.5, 20: 1.0})
    assert not hidden_in_training(one)[1].any()
    means = []
    for step in (0, 9, 10, 20):
        value = nn.run_numpy(one, ONES, {}, train=True, train_step=step).outputs["output"].value
        means.append((value[LENGTHS == 40] == 0).mean())
    assert means[:2] == [0.0, 0.0]
    numpy.testing.assert_allclose(means[2:], [2 / 40, 3.8 / 40], atol=0.02)


def test_another_batch_is_hidden_elsewhere() -> None:
    one = network()
    runs = [nn.run_numpy(one, ONES, {}, train=True, seed=seed).outputs["output"].value for seed in (1, 2)]
    assert (runs[0] != runs[1]).any()


def test_stacked_frames_are_whole() -> None:
    with pytest.raises(ValueError, match=r"features features=16 are no stack of frames of odd=3"):
        nn.Network(lambda: SpecAugment(nn.Dim(3, "odd"))(nn.get_extern_data(FRAMES)))
