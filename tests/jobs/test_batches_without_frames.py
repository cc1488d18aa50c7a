"""Batches in which no sequence of an input has a frame, as the jobs have RETURNN on TensorFlow compute them."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

from jobs.batches_without_frames import compute_them
from recipe import nn

from ..recipe.nn.agreement import check_agreement, ragged_frames, ragged_labels
from ..recipe.nn.inputs import CLASSES, FEATURES, FEEDS, FRAMES, LABELS, VECTOR, classes, frames, vector
from ..recipe.nn.returnn_training import training_text
from ..warm_returnn import warm
from ..without_returnn import is_left_out

pytestmark = pytest.mark.xdist_group("returnn-1")

PROGRAM = pathlib.Path(__file__).parents[2] / "jobs" / "returnn_program.py"


@pytest.fixture
def computed() -> Iterator[None]:
    """RETURNN computes them, in this process; then it is as it was."""
    if is_left_out():
        yield
        return
    from returnn.engine.batch import Batch
    from returnn.tf.layers import basic

    basic.get_layer_class("linear")  # fills the table
    before, with_sequence = dict(basic._LayerClassDict), Batch.try_sequence_as_slice
    compute_them()
    yield
    basic._LayerClassDict.update(before)
    Batch.try_sequence_as_slice = with_sequence


NOTHING: dict[str, Any] = {
    FRAMES.name: (numpy.zeros((2, 0, FEATURES.size), "float32"), numpy.zeros(2, "int32")),
    CLASSES.name: (numpy.zeros((2, 0), "int32"), numpy.zeros(2, "int32")),
    VECTOR.name: FEEDS[VECTOR.name][:2],
}


class OverFrames(nn.Module):
    """What RETURNN has no way to compute where no sequence of the batch has a frame, one thing after the other."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.gru = nn.BidirectionalLstm(FEATURES), nn.Gru(FEATURES, FEATURES)
        self.state = nn.Lstm(FEATURES)
        self.conv = nn.Conv1d(2 * FEATURES, FEATURES, 3, stride=2)
        self.linear, self.to_labels = nn.Linear(FEATURES), nn.Linear(LABELS + 1)

    def forward(self) -> dict[str, nn.Tensor]:
        x = frames()
        lstm = self.lstm(x)
        conv = self.conv(lstm)
        pooled = {"greatest": nn.pool(conv, 2), "mean": nn.pool(conv, 2, mode="mean")}
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s + self.linear(loop.unstack(lstm)))
            steps = loop.stack(loop.state.s)
        last = {"last": loop.state.s, "gru": self.gru(steps)[1], "state": self.state(x)[1].h, "entry": steps[-1]}
        nn.ctc_loss(self.to_labels(steps), classes()).mark_as_loss("ctc")
        nn.reduce_sum(pooled["greatest"] + pooled["mean"]).mark_as_loss("pooled")
        for name, y in last.items():
            nn.reduce_sum(y).mark_as_loss(f"loss_of_{name}")
        windows = nn.unfold(x, 3)
        return {"steps": steps, **pooled, **last, "windows": windows, "of_all": nn.reduce_mean(x, "T")}


def test_no_sequence_has_a_frame(computed: None) -> None:
    check_agreement(OverFrames(), NOTHING, train=True, gradients=True)


class States(nn.Module):
    """Of an LSTM and of a loop."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        steps, state = self.lstm(frames())
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            loop.state.s = nn.tanh(loop.state.s + loop.unstack(steps))
        return {"steps": steps, "h": state.h, "s": loop.state.s}


def test_config_for_a_gpu(computed: None) -> None:
    check_agreement(States(), NOTHING, device="gpu")


def test_returnn_by_itself() -> None:
    with pytest.raises(Exception, match="TensorArray has size zero"):
        check_agreement(States(), NOTHING)


class LabelsOfFrames(nn.Module):
    """A loop over labels, beside frames."""

    def __init__(self) -> None:
        super().__init__()
        self.labels = nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "label_time")], sparse_dim=LABELS)
        self.linear = nn.Linear(FEATURES, LABELS)

    def forward(self) -> None:
        labels = nn.get_extern_data(self.labels)
        loop = nn.Loop()
        loop.state.s = nn.reduce_mean(frames(), "T")
        with loop:
            loss = nn.cross_entropy(self.linear(loop.state.s), loop.unstack(labels))
            loop.state.s = nn.tanh(loop.state.s + 1.0)
            loss.mark_as_loss("ce")


@pytest.mark.parametrize("engine", ["tensorflow", "torch"])
def test_training_where_a_batch_has_nothing(engine: str, tmp_path: pathlib.Path) -> None:
    """As the jobs start it: each batch is one sequence, one of them without labels, and one without frames, too."""
    if is_left_out():
        return
    feeds = {"data": ragged_frames((2, 3, 0), FEATURES.size), "classes": ragged_labels((0, 3, 0), LABELS.size)}
    feeds["classes"][0][1] = LABELS.size - 1
    options = {"max_seqs": 1, "num_epochs": 1, **({"optimizer": {"class": "sgd"}} if engine == "torch" else {})}
    config = tmp_path / "returnn.config"
    config.write_text(training_text(nn.Network(LabelsOfFrames()), tmp_path, feeds, engine=engine, **options))
    with warm():
        done = subprocess.run([sys.executable, str(PROGRAM), str(config)], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    written = (tmp_path / "learning_rates").read_text()
    assert re.findall(r"epoch_num_train_steps': (\d+)", written) == ["3"]
    (score,) = re.findall(r"'train_(?:score|loss_ce)': ([^,]+),", written)
    assert numpy.isfinite(float(score))
