"""Checkpoints of hand-written net dicts, loaded by the modules that these became."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint, write_checkpoint
from jobs.old_checkpoint import OldCheckpointJob
from jobs.old_parameters import OldParameters, old_parameters
from jobs.preload import Preload
from recipe.from_net_dict import from_net_dict
from tests.recipe.from_net_dict.original_run import run_original, settings_of
from tests.recipe.from_net_dict.written_module import feeds_for, imported
from tests.recipe.nn.returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-2")

RunJob = Callable[[Any], Any]
CONFIG = """
behavior_version = None
extern_data = {"data": {"dim": 3, "shape": (None, 3)}, "classes": {"dim": 5, "sparse": True, "shape": (None,)}}
network = {
    "native": {"class": "rec", "unit": "nativelstm2", "from": "data", "n_out": 4},
    "lstmp": {"class": "rec", "unit": "lstmp", "from": "native", "n_out": 3, "direction": -1},
    "basic": {"class": "rec", "unit": "basiclstm", "from": "lstmp", "n_out": 4},
    "other": {"class": "rec", "unit": "standardlstm", "unit_opts": {"forget_bias": 0.5}, "from": "basic", "n_out": 3},
    "block": {"class": "rec", "unit": "lstmblock", "from": "other", "n_out": 3},
    "output": {
        "class": "rec",
        "from": "block",
        "target": "classes",
        "unit": {
            "s": {"class": "rnn_cell", "unit": "LSTMBlock", "from": ["prev:s", "data:source"], "n_out": 4},
            "t": {"class": "rec", "unit": "nativelstm2", "from": "s", "n_out": 3},
            "output": {"class": "linear", "from": ["s", "t"], "n_out": 3, "activation": "tanh"},
        },
    },
}
"""


def test_every_lstm(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """RETURNN writes a checkpoint of the net dict; the module computes the same with what the job makes of that."""
    written = from_net_dict(CONFIG)
    assert written.problems == []
    module = imported(written, tmp_path)
    network = module.training_network()
    feeds = feeds_for(network)
    (tmp_path / "old").mkdir()
    prefix = tmp_path / "old" / "epoch.007"
    original = run_original(settings_of(CONFIG), feeds, ["output"], checkpoint=prefix)
    assert {"output/rec/s/rec/lstm_cell/kernel", "basic/rec/basic_lstm_cell/bias"} < set(original.parameters)
    job = run_job(OldCheckpointJob(tk.Path(f"{prefix}.index"), module.NAME_MAP))
    checkpoint = job.out_checkpoint
    assert set(read_checkpoint(checkpoint)) - {"global_step"} == set(network.parameters)
    Preload(checkpoint.of(network)).check(network)
    new = run_returnn(network, feeds, checkpoint=pathlib.Path(checkpoint.prefix()))
    numpy.testing.assert_allclose(new.outputs["output"].value, original.outputs["output"].value, rtol=1e-4, atol=1e-5)


def test_what_the_checkpoint_lacks(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """It is said by both names, with what the checkpoint has of that layer."""
    old = Checkpoint(tk.Path(str(tmp_path / "epoch.001.index")))
    torch_like = Checkpoint(tk.Path(str(tmp_path / "epoch.001.pt")))
    write_checkpoint(old, {"encoder/W": numpy.zeros([2, 3], "float32")}, like=torch_like)
    with pytest.raises(
        ValueError, match=r"  first/b: encoder/b; there is encoder/W\n  second/W: lm/W; there is nothing"
    ):
        run_job(OldCheckpointJob(old.path, {"first/W": "encoder/W", "first/b": "encoder/b", "second/W": "lm/W"}))
    with pytest.raises(ValueError, match="no checkpoint of RETURNN on TensorFlow"):
        OldCheckpointJob(torch_like.path, {})


@pytest.mark.parametrize("cell", ["lstm_cell", "rnn/lstm_cell", "lstm_fused_cell", "rnn/basic_lstm_cell"])
@pytest.mark.parametrize("names", [("kernel", "bias"), ("weights", "biases")])
def test_names_of_lstm_cells(cell: str, names: tuple[str, str]) -> None:
    kernel = numpy.arange(3 * 4, dtype="float32").reshape(3, 4)  # one unit, two inputs, gates i, j, f, o
    values = {f"lstm/rec/{cell}/{names[0]}": kernel, f"lstm/rec/{cell}/{names[1]}": numpy.zeros(4, "float32")}
    found = old_parameters(values, {"mine/W": "lstm/rec/W", "mine/W_re": "lstm/rec/W_re", "mine/b": "lstm/rec/b"})
    assert found["mine/W"].tolist() == [[1, 0, 2, 3], [5, 4, 6, 7]]
    assert found["mine/W_re"].tolist() == [[9, 8, 10, 11]]
    assert found["mine/b"].tolist() == [0, 0, 1, 0]
    assert OldParameters(values).value("lstm/rec/lstm_cell/kernel") is kernel
    assert OldParameters(values).value("other/rec/lstm_cell/kernel") is None


@pytest.mark.parametrize("old_name", ["bn_input_mean", "mean", "v2_mean"])
def test_names_of_batch_norm(old_name: str) -> None:
    values = {f"bn/batch_norm/{old_name}": numpy.ones([1, 1, 3], "float32"), "bn/batch_norm/x_beta": numpy.zeros(3)}
    found = OldParameters(values).value("bn/batch_norm/v2_mean")
    assert found is not None and found.reshape(-1).tolist() == [1, 1, 1]
