"""Configs that commit 1309500 of this package wrote, read again: the same networks, with the same parameters."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe import nn
from recipe.from_net_dict import from_net_dict

from ..nn.agreement import frames_mask, random_parameters
from ..nn.golden_networks import NETWORKS
from .written_module import feeds_for, imported

CONFIGS = pathlib.Path(__file__).parent / "earlier_configs"


@pytest.mark.parametrize("device", ["cpu", "gpu"])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_equal_to_what_was_written(name: str, device: str, tmp_path: pathlib.Path) -> None:
    original = NETWORKS[name]()
    written = from_net_dict((CONFIGS / f"{name}.{device}.config").read_text())
    assert written.problems == []
    module = imported(written, tmp_path)
    network = module.search_network() if original.beam_sizes else module.training_network()
    parameters = random_parameters(original)
    assert set(module.NAME_MAP.values()) == set(parameters)
    feeds = feeds_for(original)
    wanted = nn.run_numpy(original, feeds, parameters)
    renamed = {own: parameters[old] for own, old in module.NAME_MAP.items()}
    given = nn.run_numpy(network, feeds, {own: renamed[own] for own in network.parameters})
    for output, result in given.outputs.items():
        expected = wanted.outputs[output]
        assert [dim.name for dim in result.dims] == [dim.name for dim in expected.dims]
        mask = frames_mask(expected)
        numpy.testing.assert_allclose(result.value[mask], expected.value[mask], rtol=1e-5, atol=1e-6)
    assert len(given.losses) == len(wanted.losses)
    numpy.testing.assert_allclose([*given.losses.values()], [*wanted.losses.values()], rtol=1e-5)
