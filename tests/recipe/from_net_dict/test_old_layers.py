"""Layers of early configs and what they become, in RETURNN with the same parameters."""

from __future__ import annotations

import pathlib
from typing import Any

import numpy
import pytest

from recipe.from_net_dict import from_net_dict
from recipe.from_net_dict.extern_data import inputs_of
from recipe.from_net_dict.python_reader import read_python

from ..nn.agreement import ragged_frames, ragged_labels
from ..nn.returnn_run import run_returnn
from .original_run import run_original
from .same_frames import assert_same
from .written_module import imported

pytestmark = pytest.mark.xdist_group("returnn-2")

HERE = pathlib.Path(__file__).parent
CASES = {
    "old_layers.config": ["encoder", "averaged", "shorter", "clipped", "logs", "left_att", "norm2", "output"],
    "old_convolutions.config": ["pool", "output"],
    "old_axes.config": [
        "of_windows",
        "longer",
        "wider",
        "begun",
        "cropped",
        "joined",
        "same",
        "warm",
        "tested",
        "summed",
        "normed",
        "scored",
        "output",
    ],
}


@pytest.mark.parametrize("name", CASES)
def test_same_values(name: str, tmp_path: pathlib.Path) -> None:
    """Sequences are as long as each other, as RETURNN's windows reach into what stands behind shorter ones."""
    text = (HERE / name).read_text()
    written = from_net_dict(text, source_name=name)
    assert written.problems == []
    network = imported(written, tmp_path).training_network()
    settings = read_python(text)
    inputs = inputs_of(settings)
    feeds: dict[str, Any] = {}
    for number, (key, data) in enumerate(sorted(inputs.items())):
        if data.labels is not None:
            feeds[key] = ragged_labels([3, 2, 1], data.labels.size, seed=number, first=1)
        else:
            feeds[key] = ragged_frames([12, 12, 12], *[dim.size for dim in data.dims if dim.is_static], seed=number)
    declared = {
        key: {"dim": data.labels.size, "sparse": True} if data.labels is not None else {"dim": data.dims[-1].size}
        for key, data in inputs.items()
    }
    functions = {"transform": lambda data, network, clip=False: _clipped(data) if clip else data.placeholder}
    original = run_original(
        {"behavior_version": 0, "extern_data": declared, "network": settings["network"], **functions},
        feeds,
        CASES[name],
    )
    names = written.name_map
    assert set(names.values()) == set(original.parameters)
    parameters = {own: original.parameters[old] for own, old in names.items()}
    new = run_returnn(network, feeds, parameters)
    for output in CASES[name]:
        assert_same(original.outputs[output], new.outputs[output], beams=False)
    for loss, value in original.losses.items():
        if loss != "decision":
            # RETURNN's reports divide the sum of CTC's scores by the 6 labels, those of others by the 3 sequences
            own = new.losses[loss] * (3 / 6 if loss == "ctc" else 1)
            numpy.testing.assert_allclose(own, value, rtol=1e-4, err_msg=loss)


def _clipped(data: Any) -> Any:
    import tensorflow as tf

    return tf.clip_by_value(data.placeholder, -1.0, 1.0)
