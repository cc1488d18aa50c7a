"""The best checkpoint: NaN-safe, that one or none, with clear errors."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.average_checkpoints import AverageCheckpointsJob, average_values
from jobs.best_checkpoint import GetBestCheckpointJob
from jobs.checkpoint import FILES

RunJob = Callable[[Any], Any]


def _training(directory: pathlib.Path, scores: dict[int, str], there: set[int]) -> tuple[tk.Path, tk.Path]:
    models = directory / "models"
    models.mkdir()
    for epoch in there:
        for ending in FILES:
            (models / f"epoch.{epoch:03d}{ending}").write_text(f"{epoch}")
    lines = [f"{epoch}: EpochData(learningRate=0.1, error={{'dev_score': {s}}})," for epoch, s in scores.items()]
    (directory / "rates").write_text("{" + "\n".join(lines) + "}")
    return tk.Path(str(models)), tk.Path(str(directory / "rates"))


SCORES = {1: "nan", 2: "1.0", 3: "0.5", 4: "2.0"}


def test_best(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    files = _training(tmp_path, SCORES, {1, 2, 3, 4})
    job = run_job(GetBestCheckpointJob(*files, "dev_score"))
    assert job.out_epoch.get() == 3 and job.out_score.get() == 0.5
    prefix = job.out_checkpoint.prefix()
    assert {pathlib.Path(prefix + ending).read_text() for ending in FILES} == {"3"}
    assert run_job(GetBestCheckpointJob(*files, "dev_score", 2)).out_epoch.get() == 4
    for ending in FILES:  # the training may remove its own later
        os.remove(tmp_path / "models" / f"epoch.003{ending}")
    assert job.out_checkpoint.exists()


def test_the_best_was_removed(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """Also where the job runs again: no worse one takes its place."""
    files = _training(tmp_path, SCORES, {1, 2, 3, 4})
    job = run_job(GetBestCheckpointJob(*files, "dev_score"))
    for ending in FILES:
        os.remove(tmp_path / "models" / f"epoch.003{ending}")
    message = (
        r"epoch 3 is the best by 'dev_score' \(0\.5\), but the checkpoint of epoch 3 was removed from .*; there are "
        r"those of the epochs 1, 2, 4\. Put it back, .* train again: \./sis retry --from-start .*\. "
        r"The best of those that are there is epoch 2 \(1\): out_checkpoints\[2\]$"
    )
    with pytest.raises(FileNotFoundError, match=message):
        run_job(job)
    assert job.out_epoch.get() == 3 and job.out_checkpoint.exists(), "what it had stays"
    assert run_job(GetBestCheckpointJob(*files, "dev_score", 1)).out_epoch.get() == 2


def test_runs_again_over_what_a_kill_left(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = run_job(GetBestCheckpointJob(*_training(tmp_path, SCORES, {2, 3}), "dev_score"))
    pathlib.Path(job.out_checkpoint.prefix() + FILES[0] + ".part").write_text("half")
    pathlib.Path(job.out_checkpoint.prefix() + FILES[0]).unlink()
    run_job(job)
    assert pathlib.Path(job.out_checkpoint.prefix() + FILES[0]).read_text() == "3"


def test_index_beyond_what_is_there(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    files = _training(tmp_path, SCORES, {1, 2})
    with pytest.raises(
        ValueError, match=r"index 3 by 'dev_score': .*rates has that score of the epochs \[2, 3, 4\] alone"
    ):
        run_job(GetBestCheckpointJob(*files, "dev_score", 3))
    with pytest.raises(ValueError, match="index counts from the best"):
        GetBestCheckpointJob(*files, "dev_score", -1)


def test_wrong_key_names_the_file_and_the_keys(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    with pytest.raises(ValueError, match=r"rates: there is no score 'dev_loss'; there are: dev_score"):
        run_job(GetBestCheckpointJob(*_training(tmp_path, SCORES, {1}), "dev_loss"))


def test_average_of_values() -> None:
    first = {"W": numpy.array([1.0, 3.0], "float32"), "global_step": numpy.array(5)}
    second = {"W": numpy.array([2.0, 5.0], "float32"), "global_step": numpy.array(9)}
    average = average_values([first, second])
    assert average["W"].tolist() == [1.5, 4.0] and average["W"].dtype == "float32"
    assert average["global_step"] == 9
    with pytest.raises(ValueError, match="not have the same parameters: V, W"):
        average_values([first, {"V": first["W"], "global_step": first["global_step"]}])


def test_average_of_a_checkpoint_that_is_not_there(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    models, _ = _training(tmp_path, SCORES, set())
    with pytest.raises(FileNotFoundError, match=r"epoch.003 is not there or not complete: it has no file .data"):
        run_job(AverageCheckpointsJob(models, [3]))
    with pytest.raises(ValueError, match="at least one epoch"):
        AverageCheckpointsJob(models, [])
    assert AverageCheckpointsJob(models, [3]).job_id() == AverageCheckpointsJob(models, [3], mem_rqmt=9).job_id()
