"""What a running training says of itself."""

from __future__ import annotations

import os
import pathlib
import time
from collections.abc import Callable
from typing import Any

import pytest

from jobs import training_progress
from jobs.checkpoint import FILES
from jobs.training_progress import read_progress

STEP = (
    "train epoch {epoch}, step 7, cost:cross_entropy 1.5, loss 9.0, 0.1 sec/step, elapsed 0:01:00, "
    "exp. remaining 0:03:00, complete 25.00%\n"
)


STEP_OF_PYTORCH = (
    "ep {epoch} train, step 7, cross_entropy 1.500, num_seqs 4, 0.100 sec/step, elapsed 0:01:00, "
    "exp. remaining 0:03:00, complete 25.00%\n"
)


def _training(directory: pathlib.Path, done: int, log: str = "", seconds: int = 100) -> dict[str, str]:
    models = directory / "models"
    models.mkdir()
    for epoch in range(1, done + 1):
        for ending in FILES:
            (models / f"epoch.{epoch:03d}{ending}").touch()
    entries = "".join(
        f"{epoch}: EpochData(learningRate=0.1, error={{':meta:epoch_train_time_secs': {seconds}, "
        f"'dev_score': {10 - epoch}.5, 'train_score': 1.0}}),\n"
        for epoch in range(1, done + 1)
    )
    (directory / "rates").write_text("{" + entries + "}")
    (directory / "log").write_text(log)
    return {"model_dir": str(models), "learning_rates": str(directory / "rates"), "log": str(directory / "log")}


@pytest.mark.parametrize("step", [STEP, STEP_OF_PYTORCH])
def test_in_the_middle_of_an_epoch(step: str, tmp_path: pathlib.Path) -> None:
    progress = read_progress(**_training(tmp_path, 2, step.format(epoch=3)), num_epochs=5)
    assert progress.fraction == pytest.approx(2.25 / 5)
    assert progress.seconds_left == 180 + 2 * 100
    assert progress.text() == "epoch 3/5 (25%), dev_score 8.5, 6 min left"


def test_first_epoch(tmp_path: pathlib.Path) -> None:
    progress = read_progress(**_training(tmp_path, 0, STEP.format(epoch=1)), num_epochs=2)
    assert progress.text() == "epoch 1/2 (25%)"  # how long an epoch takes is not known yet
    assert read_progress(**{**_files(tmp_path), "log": str(tmp_path / "none")}, num_epochs=2).text() is None


def _files(directory: pathlib.Path) -> dict[str, str]:
    return {name: str(directory / file) for name, file in (("model_dir", "models"), ("learning_rates", "rates"))}


def test_line_of_an_epoch_that_is_done_does_not_count(tmp_path: pathlib.Path) -> None:
    """Between two epochs the last step in the log is of the one before."""
    progress = read_progress(**_training(tmp_path, 3, STEP.format(epoch=3)), num_epochs=4)
    assert progress.fraction == 0.75 and progress.seconds_left == 100


def test_more_epochs_there_than_wanted(tmp_path: pathlib.Path) -> None:
    progress = read_progress(**_training(tmp_path, 6, STEP.format(epoch=7)), num_epochs=4)
    assert progress.fraction == 1.0
    assert progress.text() == "all 4 epochs done, dev_score 4.5"


def test_damaged_files_are_no_reason_to_fail(tmp_path: pathlib.Path) -> None:
    files = _training(tmp_path, 1)
    (tmp_path / "rates").write_text("{1: Epo")
    assert read_progress(**files, num_epochs=4).text() == "epoch 2/4"


def test_files_are_read_again_only_when_they_changed(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The display asks again and again."""
    read: list[str] = []
    for name in ("complete_epochs", "read_scores", "_last_step"):
        monkeypatch.setattr(training_progress, name, _noting(read, name, getattr(training_progress, name)))
    files = _training(tmp_path, 2, STEP.format(epoch=3))
    for path in files.values():
        os.utime(path, (time.time() - 100,) * 2)
    texts = {read_progress(**files, num_epochs=5).text() for _ in range(5)}
    assert texts == {"epoch 3/5 (25%), dev_score 8.5, 6 min left"}
    assert sorted(read) == ["_last_step", "complete_epochs", "read_scores"]
    (tmp_path / "log").write_text(STEP.format(epoch=3) + STEP.format(epoch=3).replace("25.00%", "75.00%"))
    assert read_progress(**files, num_epochs=5).fraction == pytest.approx(2.75 / 5)
    assert sorted(read) == ["_last_step", "_last_step", "complete_epochs", "read_scores"]
    for ending in FILES:
        (tmp_path / "models" / f"epoch.003{ending}").touch()
    assert read_progress(**files, num_epochs=5).done == 3


def _noting(read: list[str], name: str, function: Callable[[str], Any]) -> Callable[[str], Any]:
    def note(path: str) -> Any:
        read.append(name)
        return function(path)

    return note
