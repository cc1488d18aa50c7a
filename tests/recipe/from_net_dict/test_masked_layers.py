"""Transducers that compute at labels alone, and what they become, in RETURNN with the same parameters."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe.from_net_dict import from_net_dict
from recipe.from_net_dict.python_reader import read_python

from ..nn.agreement import ragged_frames, ragged_labels
from ..nn.returnn_run import run_returnn
from .original_run import run_original
from .same_frames import assert_same
from .written_module import imported

pytestmark = pytest.mark.xdist_group("returnn-2")

CONFIG = pathlib.Path(__file__).with_name("masked_layers.config")


def test_same_values(tmp_path: pathlib.Path) -> None:
    """Sequences are as long as each other, as RETURNN, out of the loop, reads masks behind the end of shorter ones."""
    text = CONFIG.read_text()
    written = from_net_dict(text, source_name=CONFIG.name)
    assert written.problems == []
    module = imported(written, tmp_path)
    network = module.training_network()
    assert set(module.search_network().parameters) == set(network.parameters)
    feeds = {"data": ragged_frames([9, 9, 9], 5, seed=1), "alignment": ragged_labels([9, 9, 9], 5, seed=2, first=0)}
    settings = read_python(text)
    names = [name for name, _ in network.outputs]
    original = run_original({**settings, "behavior_version": 0}, feeds, names)
    assert set(written.name_map.values()) == set(original.parameters)
    parameters = {own: original.parameters[old] for own, old in written.name_map.items()}
    new = run_returnn(network, feeds, parameters)
    for name in names:
        assert_same(original.outputs[name], new.outputs[name], beams=False)
    assert set(new.losses) == set(original.losses)
    for name, loss in original.losses.items():
        numpy.testing.assert_allclose(new.losses[name], loss, rtol=1e-4, err_msg=name)
