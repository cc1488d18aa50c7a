"""What a CTC model says of each frame, with the parameters that it was trained with."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.models.ctc import CtcModel
from recipe.models.ctc_posteriors import CtcPosteriors
from recipe.models.speech_encoder import SpeechLstmEncoder

from ..nn.agreement import check_agreement, ragged_frames, random_parameters

pytestmark = pytest.mark.xdist_group("returnn-2")


def test_log_probabilities_by_the_parameters_of_the_training() -> None:
    features, phones = nn.Dim(3, "features"), nn.Dim(2, "phones", labels=["A", "B"])
    model = CtcModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), features]),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "positions")], sparse_dim=phones),
        SpeechLstmEncoder(features, nn.Dim(4, "lstm"), num_layers=2, time_pooling=(2,)),
    )
    training, network = nn.Network(model), nn.Network(CtcPosteriors(model))
    nn.check_parameters(training, network)
    parameters = random_parameters(training, scale=2.0)
    feeds = {"data": ragged_frames([5, 2, 3], 3)}
    log_probs = check_agreement(network, feeds, parameters=parameters).in_numpy.outputs["output"]
    for row, num_frames in zip(log_probs.sequences(), (3, 1, 2)):
        assert row.shape == (num_frames, 3)
        numpy.testing.assert_allclose(numpy.exp(row).sum(axis=-1), 1.0, rtol=1e-5)

    loss = nn.run_numpy(training, {**feeds, "classes": (numpy.array([[0], [1], [1]]), [1, 1, 1])}, parameters)
    first, second, third = (numpy.exp(row.astype("float64")) for row in log_probs.sequences())
    blank = 2
    of_second = second[0, 1]
    of_third = third[0, 1] * third[1, 1] + third[0, 1] * third[1, blank] + third[0, blank] * third[1, 1]
    paths = [(0, 0, 0), (0, 0, 2), (2, 0, 0), (0, 2, 2), (2, 0, 2), (2, 2, 0)]
    of_first = sum(numpy.prod([first[frame, label] for frame, label in enumerate(path)]) for path in paths)
    total = -numpy.log([of_first, of_second, of_third]).sum()
    assert loss.losses["ctc"] == pytest.approx(total / 3, rel=1e-4)
