"""Pretraining of old configs: the networks by epoch, against what RETURNN's own Pretrain gives for the same file."""

from __future__ import annotations

import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.from_net_dict import config_from, from_net_dict

from ..nn.agreement import ragged_frames, ragged_labels
from ..nn.returnn_run import run_returnn
from .original_run import run_original
from .same_frames import assert_same
from .written_module import imported

pytestmark = pytest.mark.xdist_group("returnn-2")

CONFIGS = pathlib.Path(__file__).parent / "pretraining_configs"
FIRST_EPOCHS = {
    "growing": [1, 5, 7, 9],
    "from_input": [1, 3, 5],
    "from_output": [1, 2, 5],
    "epoch_values": [1, 2, 3],
    "by_epoch": [1, 3, 5],
}
NUM_EPOCHS = 12


def _original_networks(text: str) -> tuple[dict[str, Any], Callable[[int], dict[str, Any]]]:
    """The declarations of inputs, and RETURNN's network of an epoch, of a config that is run as RETURNN runs it."""
    from returnn.config import Config
    from returnn.pretrain import pretrain_from_config

    if text.startswith("{"):
        settings = json.loads("\n".join(line for line in text.splitlines() if not line.startswith("//")))
    else:
        settings = {}
        exec(compile(text, "<config>", "exec"), settings)
    inputs = settings.get("extern_data") or {
        "data": {"dim": settings["num_inputs"]},
        "classes": {"dim": settings["num_outputs"]["classes"][0], "sparse": True},
    }
    if "get_network" in settings:
        return inputs, lambda epoch: settings["get_network"](epoch=epoch)
    pretrain = pretrain_from_config(Config({**settings, "extern_data": inputs}))
    assert pretrain is not None
    return inputs, pretrain.get_network_json_for_epoch


@pytest.mark.parametrize("name", FIRST_EPOCHS)
def test_stages_are_those_of_returnn(name: str, tmp_path: pathlib.Path) -> None:
    """In each epoch the same parameters with the same shapes, and with their values the same outputs and losses."""
    text = (CONFIGS / f"{name}.config").read_text()
    written = from_net_dict(text, source_name=f"{name}.config")
    assert written.problems == []
    module = imported(written, tmp_path)
    staged = module.training_stages()
    assert list(staged.stages) == FIRST_EPOCHS[name]
    assert module.training_network().digest == staged.last.digest
    inputs, original_network = _original_networks(text)
    of_stage: dict[int, dict[str, Any]] = {}
    for epoch in range(1, NUM_EPOCHS + 1):
        layers = {key: value for key, value in original_network(epoch).items() if not key.startswith("#")}
        first = max(one for one in staged.stages if one <= epoch)
        assert of_stage.setdefault(first, layers) == layers, epoch
    feeds = {"data": ragged_frames([4, 2, 3], 3, seed=0), "classes": ragged_labels([4, 2, 3], 5, seed=1, first=1)}
    for first, network in staged.stages.items():
        original = run_original(
            {"behavior_version": 0, "extern_data": inputs, "network": of_stage[first]}, feeds, ["output"]
        )
        names = {own: old for own, old in written.name_map.items() if own in network.parameters}
        assert set(names) == set(network.parameters) and set(names.values()) == set(original.parameters)
        parameters = {own: original.parameters[old] for own, old in names.items()}
        for own, value in parameters.items():
            assert [dim.size for dim in network.parameters[own].dims] == list(value.shape), own
        new = run_returnn(network, feeds, parameters)
        assert_same(original.outputs["output"], new.outputs["output"], beams=False)
        # label smoothing of RETURNN has a constant less
        if name != "growing":
            assert numpy.isclose(*original.losses.values(), *new.losses.values(), rtol=1e-4)


def test_written_text() -> None:
    """One class for all stages: numbers are arguments, and what a stage does not have is asked for."""
    text = from_net_dict((CONFIGS / "growing.config").read_text()).text
    assert text.count("class Model") == 1
    assert "*, first_epoch: int = 9, dim: int = 4, dropout: float = 0.3" in text
    assert "        if first_epoch >= 5:\n            self.lstm1_fw = nn.Lstm(" in text
    assert (
        "        if self.first_epoch >= 5:\n            lstm1_fw = self.lstm1_fw(nn.dropout(lstm0_pool, self.dropout))"
        in text
    )
    assert "1: nn.Network(Model(first_epoch=1, dim=2" in text
    assert '9: training_network(),\n        },\n        copy_param_mode="subset",' in text
    assert '        options={1: {"batch_size": 20}},\n' in text


def test_whole_config() -> None:
    """The training gets the stages, with options of some epochs alone."""
    written = config_from((CONFIGS / "growing.config").read_text(), source_name="growing.config")
    assert "        training_stages(),\n" in written.text
    assert "# - pretrain: training_stages" in written.text
    assert '        options={1: {"batch_size": 20}},\n' in written.text
    assert not any("batch_size" in problem for problem in written.problems)


@pytest.mark.parametrize(
    ("pretrain", "why"),
    [
        ("{'construction_algo': lambda idx, net_dict: other(idx)}", "other is not defined in this file"),
        ("{'construction_algo': lambda idx, net_dict: net_dict}", "gives more than 200 networks"),
        ("'slow'", "pretrain is 'default' or a dict, not 'slow'"),
        ("{'repetitions': [1] * 9}", "repetitions has 9 numbers for 1 networks"),
        ("{'greedy': True}", "only RETURNN's Theano engine had it"),
        ("{'construction_algo': 'from_middle'}", "invalid construction_algo 'from_middle'"),
        ("unknown.algorithm", "unknown is not defined in this file"),
    ],
)
def test_what_is_not_translated(pretrain: str, why: str, tmp_path: pathlib.Path) -> None:
    """The last network is there, with a TODO on the others."""
    layer = {"class": "linear", "from": ["data"], "n_out": 3}
    network = {"a": layer, "output": {**layer, "from": ["a"]}}
    written = from_net_dict(f"extern_data = {{'data': {{'dim': 3}}}}\nnetwork = {network!r}\npretrain = {pretrain}\n")
    (problem,) = written.problems
    assert problem.startswith("pretraining: ") and why in problem
    assert f"# TODO {problem}" in written.text
    module = imported(written, tmp_path)
    assert isinstance(module.training_network(), nn.Network) and not hasattr(module, "training_stages")
