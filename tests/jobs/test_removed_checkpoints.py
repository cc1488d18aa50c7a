"""Checkpoints that were removed by hand: the training stays finished, and who needs them is told. RETURNN is played."""

from __future__ import annotations

import os
import pathlib
import shutil
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import complete_epochs, remove_checkpoint
from jobs.returnn_errors import ReturnnError
from jobs.training import TrainingJob
from localsis.job import created_jobs
from localsis.missing_inputs import removed_inputs, words_of
from recipe import nn

from .cleaning.test_retry import sis
from .configs.asking import NumberJob
from .configs.tiny import tiny_model
from .setup_directory import make_setup
from .test_training import played as played

RunJob = Callable[[Any], Any]


def _training(num_epochs: int = 3, **options: Any) -> TrainingJob:
    data = {"class": "HDFDataset", "files": [tk.Path("train.hdf")]}
    return TrainingJob(nn.Network(tiny_model()), data, data, num_epochs=num_epochs, **options)


def _finished(run_job: RunJob, num_epochs: int = 3, **options: Any) -> tuple[TrainingJob, str]:
    """A finished training, and the directory of its checkpoints; its object is forgotten, as in a new process."""
    job = run_job(_training(num_epochs, **options))
    pathlib.Path(job._sis_path("finished")).touch()
    created_jobs.clear()
    return job, job.out_model_dir.get_path()


def _again(num_epochs: int = 3, **options: Any) -> TrainingJob:
    created_jobs.clear()
    return _training(num_epochs, **options)


@pytest.mark.parametrize("what", ["first", "last", "all", "directory"])
def test_training_stays_finished(what: str, run_job: RunJob, played: None) -> None:
    _, models = _finished(run_job)
    for epoch in {"first": [1], "last": [3], "all": [1, 2, 3], "directory": []}[what]:
        remove_checkpoint(models, epoch)
    if what == "directory":
        shutil.rmtree(models)
    job = _again()
    assert job._sis_is_finished() and job._sis_missing_outputs() == []


def test_training_that_is_to_go_on_goes_on(run_job: RunJob, played: None, caplog: pytest.LogCaptureFixture) -> None:
    _, models = _finished(run_job)
    remove_checkpoint(models, 1)
    job = _again(5)
    assert not job._sis_is_finished() and "5 epochs are wanted" in caplog.text


def test_what_was_removed_is_not_missed_by_a_training_that_goes_on(run_job: RunJob, played: None) -> None:
    """The played RETURNN makes all epochs again, so the checkpoint of the first is removed once more at the end."""
    from jobs.keep_rules import KeepRules
    from jobs.training_checkpoints import check_done, check_goes_on

    job, models = _finished(run_job)
    remove_checkpoint(models, 1)
    gone = check_goes_on(models, job.out_learning_rates.get_path(), job.job_id())
    assert gone == {1}
    check_done(models, {1, 2, 3} - gone, KeepRules(), {})
    with pytest.raises(ReturnnError, match=r"the checkpoints of the epochs \[1\] are not there"):
        check_done(models, {1, 2, 3}, KeepRules(), {})


def test_training_is_not_begun_anew(run_job: RunJob, played: None) -> None:
    _, models = _finished(run_job)
    for epoch in (1, 2, 3):
        remove_checkpoint(models, epoch)
    job = _again(5)
    with pytest.raises(ReturnnError, match=r"3 epochs were trained, and all checkpoints in .* were removed") as raised:
        run_job(job)
    assert f"./sis retry --from-start {job.job_id()}" in str(raised.value) and complete_epochs(models) == set()


def test_training_that_was_killed_at_its_first_checkpoint_begins_again(run_job: RunJob, played: None) -> None:
    _, models = _finished(run_job)
    for epoch in (1, 2, 3):
        remove_checkpoint(models, epoch)
    (pathlib.Path(models) / "epoch.001.data-00000-of-00001.tempstate123").touch()
    assert complete_epochs(run_job(_again(5)).out_model_dir.get_path()) == {1, 2, 3, 4, 5}


def test_who_needs_it_is_told(run_job: RunJob, played: None) -> None:
    _, models = _finished(run_job)
    remove_checkpoint(models, 2)
    job = _again()
    assert job.out_checkpoints[1].path.available() and not job.out_checkpoints[2].path.available()
    needing = NumberJob(1)
    needing.add_input(job.out_checkpoints[1].path)
    assert removed_inputs(needing) == []
    needing.add_input(job.out_checkpoints[2].path)
    (path,) = removed_inputs(needing)
    text = words_of(path)
    assert "the checkpoint of epoch 2 was removed" in text and "there are those of the epochs 1, 3" in text
    assert f"./sis retry --from-start {job.job_id()}" in text


def test_tasks_that_read_a_directory_of_checkpoints_say_it(run_job: RunJob, played: None) -> None:
    _, models = _finished(run_job)
    remove_checkpoint(models, 2)
    with pytest.raises(FileNotFoundError, match=r"no file \.data\S+; the checkpoint of epoch 2 was") as raised:
        run_job_of_average(run_job)
    assert "there are those of the epochs 1, 3" in str(raised.value) and os.path.dirname(models) in str(raised.value)


def run_job_of_average(run_job: RunJob) -> None:
    """Averages epochs 2 and 3 of the training."""
    average = _again().average_of_last(2)
    run_job(average.path.creator)


def test_checkpoints_outside_of_the_rules(run_job: RunJob, played: None) -> None:
    """After the config asks for fewer: those are what ./sis clean removes."""
    _finished(run_job, 6)
    job = _again(6, keep_epochs={2})
    job.best_checkpoint("dev_score")
    assert job.unneeded_checkpoints() == {1, 3, 4}, "5 is the best one, 6 the last"
    os.remove(job._sis_path("finished"))
    assert job.unneeded_checkpoints() == set()


def test_by_the_manager(tmp_path: pathlib.Path, played: None) -> None:
    """Nothing is run again; what needs a checkpoint is told before it is started, and goes on once that is put back."""
    setup = make_setup(tmp_path / "setup")
    assert sis(setup, "manager", "configs/removing.py(3)")[0] == 0
    training = (setup / "alias" / "training").resolve()
    models = training / "output" / "models"
    (models / "epoch.001.index").rename(setup / "kept")
    for path in models.glob("epoch.003.*"):
        path.unlink()
    status, text = sis(setup, "manager", "configs/removing.py(3)")
    assert status == 0 and "started" not in text and "was finished" not in text
    status, text = sis(setup, "manager", "configs/removing.py(1, 2, 3)")
    assert status == 1 and (training / "finished").exists() and (setup / "output" / "size.2").exists()
    assert "the checkpoint of epoch 1 was removed" in text and "those of the epochs 2. Put" in text
    (failed,) = [line for line in text.splitlines() if "FAILED" in line]
    assert "ReadingJob" in failed and "TrainingJob" in failed
    assert "1 job failed:\nreading/1 (" in text and "not done: size.1" in text
    (setup / "kept").rename(models / "epoch.001.index")
    status, text = sis(setup, "manager", "configs/removing.py(1, 2, 3)")
    assert status == 0 and (setup / "output" / "size.1").read_text() == "0\n"


def test_finished_job_that_cannot_be_run_again_stays_finished(tmp_path: pathlib.Path, played: None) -> None:
    setup = make_setup(tmp_path / "setup")
    assert sis(setup, "manager", "configs/removing.py(1)")[0] == 0
    models, reading = ((setup / "alias" / name).resolve() for name in ("training/output/models", "reading/1"))
    (models / "epoch.001.index").unlink()
    (reading / "output" / "size").unlink()
    status, text = sis(setup, "manager", "configs/removing.py(1)")
    assert status == 1 and "what it needs is gone: the checkpoint of epoch 1 was removed" in text
    assert (reading / "finished").exists() and (reading / "finished.run.1").exists()
