"""Hand-written configs and the modules that they become, both in RETURNN with the same parameters."""

from __future__ import annotations

import pathlib

import numpy
import pytest

from recipe.from_net_dict import from_net_dict
from recipe.from_net_dict.losses import smoothing_constant

from ..nn.returnn_run import run_returnn
from .original_run import run_original, settings_of
from .same_frames import assert_same
from .written_module import feeds_for, imported

pytestmark = pytest.mark.xdist_group("returnn-2")

OLD_STYLE = pathlib.Path(__file__).with_name("old_style.config")
HANDWRITTEN = pathlib.Path(__file__).parents[3] / "benchmarks" / "handwritten"
CASES = [
    (OLD_STYLE, "train"),
    (OLD_STYLE, "search"),
    (OLD_STYLE.with_name("many_layers.config"), "train"),
    (OLD_STYLE.with_name("repeated_layers.config"), "train"),
    (HANDWRITTEN / "attention.config", "train"),
    (HANDWRITTEN / "language_model.config", "train"),
    (HANDWRITTEN / "transducer.config", "train"),
    (HANDWRITTEN / "transducer.config", "search"),
    (HANDWRITTEN / "transformer.config", "train"),
]


@pytest.mark.parametrize(("file", "task"), CASES, ids=[f"{file.stem}-{task}" for file, task in CASES])
def test_same_values(file: pathlib.Path, task: str, tmp_path: pathlib.Path) -> None:
    text, options = file.read_text(), {"task": task}
    written = from_net_dict(text, options=options)
    assert written.problems == []
    module = imported(written, tmp_path)
    network = module.search_network() if task == "search" else module.training_network()
    others = [module.training_network()] if hasattr(module, "training_network") else []
    feeds = feeds_for(network, *others)
    settings = settings_of(text, options)
    settings["extern_data"] = {name: data for name, data in settings["extern_data"].items() if name in feeds}
    names = [name for name, _ in network.outputs]
    original = run_original(settings, feeds, names, search=task == "search")
    assert set(module.NAME_MAP.values()) == set(original.parameters)
    parameters = {own: original.parameters[module.NAME_MAP[own]] for own in network.parameters}
    own_feeds = {name: feeds[name] for name in network.extern_data}
    new = run_returnn(network, own_feeds, parameters, search=task == "search")
    for name in names:
        assert_same(original.outputs[name], new.outputs[name], beams=task == "search")
    if task == "train":
        losses = {name: loss for name, loss in original.losses.items() if name != "decision"}  # an edit distance
        assert sorted(new.losses) == sorted(losses)
        if file == OLD_STYLE:
            losses["output_prob"] += smoothing_constant(0.1, 9)
        for name, loss in losses.items():
            numpy.testing.assert_allclose(new.losses[name], loss, rtol=1e-4, err_msg=name)
