"""The graph of configs/one_decoder.py: four experiments of three trainings, one decoder in all of them."""

from __future__ import annotations

import localsis

localsis.install()

from configs import one_decoder  # noqa: E402 - what jobs import must be installed first
from jobs.combine_checkpoints import CombineCheckpointsJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs  # noqa: E402
from localsis.job import created_jobs  # noqa: E402
from recipe import nn  # noqa: E402


def test_graph() -> None:
    one_decoder.py()
    outputs.wanted_jobs()
    for name in ("lstm/test/wer", "transformer/test/wer", "fusion/table.txt", "fusion/test/wer", "ensemble/test/wer"):
        assert f"one_decoder/{name}" in outputs.registered
    assert "one_decoder/rescoring/test/wer" in outputs.registered
    trainings = [job for job in created_jobs.values() if isinstance(job, TrainingJob)]
    assert len(trainings) == 3
    combined = [job for job in created_jobs.values() if isinstance(job, CombineCheckpointsJob)]
    assert len(combined) == 2, "of the fusion, for all scales, and of the ensemble"


def test_parameters_of_the_decoder_are_those_of_its_training_everywhere() -> None:
    inputs = one_decoder.inputs_of(one_decoder.LANGUAGE)
    lstm, transformer = one_decoder.lstm_model(inputs), one_decoder.transformer_model(inputs)
    of_decoder = [
        {name: parameter.shape for name, parameter in nn.Network(model).parameters.items() if "decoder/" in name}
        for model in (lstm, transformer)
    ]
    assert set(of_decoder[0]) == set(of_decoder[1])
    differing = {name for name, shape in of_decoder[0].items() if shape != of_decoder[1][name]}
    assert differing == {"decoder/attention/key/W", "decoder/cell/W", "decoder/readout/W"}, "what reads the encoder"
