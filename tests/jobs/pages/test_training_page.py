"""The page of a training while it runs: from its start on, anew with each step, whole at each time."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.pages import training_page
from jobs.pages.training_page import TrainingPageWriter
from jobs.training_progress import TrainingProgress
from recipe import nn

from ..configs.tiny import tiny_model
from .test_step_scores import TORCH

BEGUN = TrainingProgress(0, 0.5, 3, {}, 60.0)
RATES = "{\n1: EpochData(learningRate=0.1, error={'dev_loss_ctc': 2.0, 'train_loss_ctc': 3.0}),\n}\n"


@pytest.fixture
def progress() -> list[TrainingProgress]:
    """How far it is: the last one."""
    return [BEGUN]


@pytest.fixture
def writer(tmp_path: pathlib.Path, progress: list[TrainingProgress]) -> TrainingPageWriter:
    """Of a training of three epochs."""
    return TrainingPageWriter(
        tk.Path(str(tmp_path / "training.html")),
        title="exp/<training>",
        directory=str(tmp_path / "TrainingJob.abc"),
        network=nn.Network(tiny_model()),
        engine="torch",
        num_epochs=3,
        log=tk.Path(str(tmp_path / "returnn.log")),
        learning_rates=tk.Path(str(tmp_path / "learning_rates")),
        options={"optimizer/class": "adam"},
        progress=lambda: progress[-1],
    )


def test_page_grows(writer: TrainingPageWriter, tmp_path: pathlib.Path, progress: list[TrainingProgress]) -> None:
    page, log = tmp_path / "training.html", tmp_path / "returnn.log"
    writer.write()
    text = page.read_text()
    assert "It trains: epoch 1/3 (50%)" in text and "exp/&lt;training&gt;" in text and "Learning curves" not in text
    assert "RETURNN on PyTorch" in text and "1,659 parameters" in text and "optimizer/class" in text
    log.write_text(
        "RETURNN starting up, version 1.2+git.abc, date/time 2026-11-29-00-07-16 (UTC+0000), pid 1\nHostname: node7\n"
        + "".join(TORCH.format(epoch=1, step=step, loss=3.0 - step, complete=50.0 * (step + 1)) for step in range(2))
    )
    writer.write()
    text = page.read_text()
    assert "train, by step" in text and "node7" in text and "2026-11-29 00:07" in text and "returnn 1.2+git.abc" in text
    (tmp_path / "learning_rates").write_text(RATES)
    progress.append(TrainingProgress(3, 0.0, 3, {}, None))
    writer.write()
    text = page.read_text()
    assert "best dev 2 in epoch 1" in text and "It trains" not in text and "dev_loss_ctc" in text


def test_training_is_done_without_it(writer: TrainingPageWriter, tmp_path: pathlib.Path, capsys: Any) -> None:
    (tmp_path / "training.html").mkdir()
    writer.finish()
    assert "the page of the training cannot be written: " in capsys.readouterr().out


def test_it_is_written_when_there_is_more_and_not_too_often(
    writer: TrainingPageWriter, tmp_path: pathlib.Path, monkeypatch: Any
) -> None:
    page, log = tmp_path / "training.html", tmp_path / "returnn.log"
    writer()
    assert not page.exists()
    log.write_text("RETURNN starting up\n")
    writer()
    written = page.stat().st_mtime_ns
    log.write_text("RETURNN starting up\nmore\n")
    writer()
    assert page.stat().st_mtime_ns == written, "that was just now"
    monkeypatch.setattr(training_page, "_INTERVAL", 0.0)
    writer()
    assert page.stat().st_mtime_ns > written
