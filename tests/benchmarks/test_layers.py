"""Configs are about as large as those that were written by hand: their layers, and TensorFlow ops left in the loop."""

from __future__ import annotations

import pytest

from benchmarks.layers import HANDWRITTEN, counts, handwritten, ours
from tests.recipe.nn.golden_networks import NETWORKS

pytestmark = pytest.mark.xdist_group("returnn-2")

COPIES = """
from returnn.tensor import Dim, batch_dim
backend, behavior_version = "tensorflow-net-dict", 38
time_dim, feature_dim = Dim(None, name="time"), Dim(5, name="feature")
extern_data = {"data": {"dim_tags": [batch_dim, time_dim, feature_dim]}}
network = {
    "loop": {"class": "rec", "axis": time_dim, "from": [], "unit": {
        "x": {"class": "rec_unstack", "from": "base:data:data", "axis": time_dim},
        "sum": {"class": "combine", "kind": "add", "from": ["x", "prev:sum"], "initial_output": 0},
        %s
        "output": {"class": "copy", "from": "sum"},
    }},
    "output": {"class": "copy", "from": "loop", "is_output_layer": True},
}
"""


def test_each_network_has_a_twin() -> None:
    assert set(HANDWRITTEN) == set(NETWORKS)


@pytest.mark.parametrize("name", ["rec_ff", "attention_training", "transducer_training"])
def test_not_much_larger(name: str) -> None:
    """Frames are read in the steps, where RETURNN unstacks those of a config by hand before the loop."""
    own, other = ours(name), handwritten(name)
    assert own.parameters == other.parameters, "these are not one model"
    assert own.layers <= 1.1 * other.layers
    assert own.ops_in_loop <= 1.1 * other.ops_in_loop or name == "rec_ff"
    assert own.ops_in_loop > 20, "what is in the loop is counted"


def test_a_layer_more_is_seen() -> None:
    more = '"twice": {"class": "eval", "from": "prev:sum", "eval": "2 * source(0)", "is_output_layer": True},'
    without, with_one_more = counts(COPIES % "", search=False), counts(COPIES % more, search=False)
    assert with_one_more.layers == without.layers + 1
    assert with_one_more.layers_in_loop >= without.layers_in_loop
    assert with_one_more.ops_in_loop > 0
