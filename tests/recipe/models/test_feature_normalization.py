"""Normalization of features: means and deviations over each sequence's own frames, or given ones."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe import nn
from recipe.models.feature_normalization import GlobalNormalization, SequenceNormalization

from ..nn.agreement import check_agreement, ragged_frames
from ..nn.returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-2")

FEATURES = nn.Dim(5, "features")
FRAMES = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), FEATURES])
FEEDS = {"data": ragged_frames([7, 1, 4], 5)}


def test_over_each_sequence() -> None:
    norm = SequenceNormalization()
    output = check_agreement(lambda: norm(nn.get_extern_data(FRAMES)), FEEDS).in_numpy.outputs["output"]
    for sequence, result in zip(FEEDS["data"][0], output.sequences()):
        frames = sequence[: len(result)]
        expected = (frames - frames.mean(axis=0)) / numpy.sqrt(frames.var(axis=0) + 1e-5)
        numpy.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-4)


def test_given_statistics_come_with_the_network_and_stay(tmp_path: pathlib.Path) -> None:
    mean, deviation = numpy.arange(5, dtype="float32"), numpy.arange(1, 6, dtype="float32")
    numpy.save(tmp_path / "mean.npy", mean)
    norm = GlobalNormalization(FEATURES, nn.NumpyFile(str(tmp_path / "mean.npy")), 2.0)
    network = nn.Network(lambda: norm(nn.get_extern_data(FRAMES)))
    assert not any(parameter.trainable for parameter in network.parameters.values())
    output = run_returnn(network, FEEDS).outputs["output"].value
    numpy.testing.assert_allclose(output[0], (FEEDS["data"][0][0] - mean) / 2.0, rtol=1e-5)
    values = dict(zip(sorted(network.parameters), (deviation, mean)))
    result = nn.run_numpy(network, FEEDS, values).outputs["output"].value
    numpy.testing.assert_allclose(result[0], (FEEDS["data"][0][0] - mean) / deviation, rtol=1e-5)
