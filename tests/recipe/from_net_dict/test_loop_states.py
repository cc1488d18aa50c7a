"""The dims of states, which are known before the code of their layers is written."""

from __future__ import annotations

import pathlib

from recipe.from_net_dict import from_net_dict

from .written_module import imported

CONFIG = """
extern_data = {"data": {"dim": 3}, "classes": {"dim": 5, "sparse": True}}
network = {
    "key": {"class": "linear", "activation": None, "from": "data", "n_out": 4},
    "output": {"class": "rec", "from": [], "target": "classes", "unit": {
        "output": {"class": "choice", "target": "classes", "from": "output_prob", "beam_size": 2},
        "end": {"class": "compare", "from": "output", "value": 0},
        "embed": {"class": "linear", "activation": None, "with_bias": False, "from": "output", "n_out": 6},
        "feedback": {"class": "linear", "activation": None, "from": "prev:accumulated", "n_out": 4},
        "energy_in": {"class": "combine", "kind": "add", "from": ["base:key", "feedback"]},
        "energy": {"class": "linear", "activation": None, "from": "energy_in", "n_out": 1},
        "weights": {"class": "softmax_over_spatial", "from": "energy"},
        "accumulated": {"class": "eval", "from": ["prev:accumulated", "weights"], "eval": "source(0) + source(1)"},
        "attended": {"class": "generic_attention", "weights": "weights", "base": "base:key"},
        "output_prob": {"class": "softmax", "from": ["attended", "prev:embed"], "target": "classes", "loss": "ce"},
    }},
}
"""


def test_weights_of_all_steps(tmp_path: pathlib.Path) -> None:
    """Accumulated attention weights have the frames of the encoder, which the layers between them and it tell."""
    written = from_net_dict(CONFIG)
    assert written.problems == []
    assert "loop.state.accumulated = nn.zeros([nn.batch_dim, data_time_dim, 1])" in written.text
    network = imported(written, tmp_path).training_network()
    assert set(network.parameters) == set(written.name_map)
