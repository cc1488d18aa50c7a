"""The training job: what it asks RETURNN for, and what it does around it. RETURNN is played by a small program here."""

from __future__ import annotations

import json
import os
import pathlib
import shutil
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import complete_epochs
from jobs.returnn_errors import ReturnnError
from jobs.training import TrainingJob
from recipe import nn

from .configs.tiny import tiny_model
from .played_returnn import play_returnn

RunJob = Callable[[Any], Any]
RETURNN = """
import json, os, re, sys

config = open(sys.argv[1]).read()
json.dump([os.environ.get("RANK", ""), sys.argv], open("called.json", "w"))


def option(name):
    return re.search(rf'^{name} = "?([^"\\n]+)"?$', config, re.MULTILINE)[1]


entries = ""
for epoch in range(1, int(option("num_epochs")) + 1):
    for ending in (".data-00000-of-00001", ".index", ".meta"):
        open(f"{option('model')}.{epoch:03d}{ending}", "w").close()
    score = "nan" if epoch == 2 else (5.0 - epoch) ** 2
    entries += f"{epoch}: EpochData(learningRate=0.1, error={{'dev_score': {score}}}),\\n"
open(option("learning_rate_file"), "w").write("{" + entries + "}")
"""


@pytest.fixture
def played(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A program in place of RETURNN that writes empty checkpoints and scores; the best epoch is 5, that of 2 is NaN."""
    monkeypatch.setenv("PYTHONPATH", str(play_returnn(tmp_path / "played", RETURNN)))


def _training(**options: Any) -> TrainingJob:
    data = {"class": "HDFDataset", "files": [tk.Path("train.hdf")]}
    return TrainingJob(nn.Network(tiny_model()), data, data, **options)


def _kept(job: TrainingJob) -> set[int]:
    return complete_epochs(job.out_model_dir.get_path())


def test_outputs(run_job: RunJob, played: None) -> None:
    job = run_job(_training(num_epochs=3))
    assert job.out_num_params.get() == 1659
    assert list(json.loads(pathlib.Path(job.out_learning_curves_json.get_path()).read_text())) == ["1", "2", "3"]
    assert pathlib.Path(job.out_learning_curves.get_path()).read_bytes().startswith(b"\x89PNG")
    assert job.info() == "all 3 epochs done, dev_score 4" and job.completed_fraction() == 1.0


def test_downstream_jobs_keep_what_they_ask_for(run_job: RunJob, played: None) -> None:
    job = _training(num_epochs=8, keep_epochs={1})
    best, second = job.best_checkpoint("dev_score"), job.best_checkpoint("dev_score", 1)
    average = job.average_of_last(2)
    run_job(job)
    assert _kept(job) == {1, 4, 5, 7, 8}
    config = pathlib.Path(job.out_returnn_config_file.get_path()).read_text()
    assert 'cleanup_old_models = {"keep": [1], "keep_last_n": 2, "keep_best_n": 2}' in config
    chosen = [run_job(checkpoint.path.creator).out_epoch.get() for checkpoint in (best, second)]
    assert chosen[0] == 5 and chosen[1] in (4, 6)
    assert average.path.creator.epochs == [7, 8]


def test_checkpoints_are_available_before_the_end(run_job: RunJob) -> None:
    job = _training(num_epochs=2)
    job._sis_setup_directory()
    assert not job.out_checkpoints[1].path.available()
    for ending in (".data-00000-of-00001", ".index"):
        pathlib.Path(job.out_checkpoints[1].prefix() + ending).touch()
    assert not job.out_checkpoints[1].path.available()  # RETURNN still writes
    pathlib.Path(job.out_checkpoints[1].prefix() + ".meta").touch()
    assert job.out_checkpoints[1].path.available() and not job.out_checkpoints[2].path.available()
    assert not job.out_learning_rates.available()


def test_more_epochs_are_the_same_job(run_job: RunJob, played: None) -> None:
    job = run_job(_training(num_epochs=2, keep_epochs=set()))
    again = _training(num_epochs=4, keep_epochs=set())
    assert again is job and job.num_epochs == 4 and set(job.out_checkpoints) == {2, 4}
    run_job(job)
    assert _kept(job) == {2, 4}


def test_what_is_hashed() -> None:
    job = _training()
    same = [
        {"num_epochs": 7},
        {"keep_epochs": {1}},
        {"device": "gpu"},
        {"time_rqmt": 1, "mem_rqmt": 1, "cpu_rqmt": 1, "log_verbosity": 3},
        {"post_config": {"tf_session_opts": {}}},
        {"horovod_num_processes": None},
    ]
    assert {_training(**options).job_id() for options in same} == {job.job_id()}
    other = [{"horovod_num_processes": 2}, {"config": {"learning_rate": 1.0}}]
    assert job.job_id() not in {_training(**options).job_id() for options in other}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "tpu"}, "device is"),
        ({"num_epochs": 0}, "num_epochs must be at least 1"),
        ({"config": {"a": 1}, "post_config": {"a": 2}}, "stand in config and in post_config: a"),
        ({"config": {"num_epochs": 3}}, "set by the job itself.*num_epochs"),
        ({"horovod_num_processes": 3, "multi_node_slots": 2}, "cannot be spread evenly over 2 nodes"),
        ({"multi_node_slots": 2}, "multi_node_slots=2 needs horovod_num_processes"),
    ],
)
def test_wrong_arguments(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        _training(**options)


def test_averages_that_cannot_be_made() -> None:
    job = _training(num_epochs=2)
    with pytest.raises(ValueError, match="average of the last 3 of 2 epochs"):
        job.average_of_last(3)
    with pytest.raises(ValueError, match="at least one checkpoint"):
        job.average_of_best("dev_score", 0)


def test_full_disk_is_told_before_it_trains(run_job: RunJob, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(ReturnnError, match="the disk is full: two checkpoints need 0.0 MB"):
        run_job(_training())


def test_several_processes(
    run_job: RunJob, played: None, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program in place of ``mpirun`` notes what it is told, and starts it once."""
    job = _training(num_epochs=1, horovod_num_processes=4, multi_node_slots=2, cpu_rqmt=3, mem_rqmt=5)
    assert job.rqmt == {"cpu": 6, "mem": 10, "time": 4, "gpu": 0, "multi_node_slots": 2}
    mpirun = tmp_path / "bin" / "mpirun"
    mpirun.parent.mkdir()
    mpirun.write_text(
        f'#!/bin/sh\necho "$@" > options\nwhile [ "$1" != "{sys.executable}" ]; do shift; done\nexec "$@"\n'
    )
    mpirun.chmod(0o755)
    monkeypatch.setenv("PATH", f"{mpirun.parent}{os.pathsep}{os.environ['PATH']}")
    run_job(job)
    options = pathlib.Path(job._sis_path("work", "options")).read_text()
    assert options.startswith("-np 4 --bind-to none") and "returnn_program.py" in options
    assert "use_horovod = True" in pathlib.Path(job.out_returnn_config_file.get_path()).read_text()


def test_processes_without_mpirun(run_job: RunJob, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ReturnnError, match="mpirun is not installed.*Debian: apt install openmpi-bin"):
        run_job(_training(horovod_num_processes=2))


def test_gpus_of_several_processes() -> None:
    job = _training(horovod_num_processes=4, multi_node_slots=2, device="gpu")
    assert job.rqmt["gpu"] == 2 and _training(device="gpu", config={"max_seqs": 1}).rqmt["gpu"] == 1


def test_damaged_learning_rates_are_put_aside(run_job: RunJob, played: None, capsys: pytest.CaptureFixture) -> None:
    job = _training(num_epochs=1)
    job._sis_setup_directory()
    rates = pathlib.Path(job.out_learning_rates.get_path())
    rates.write_text("{1: Epo")
    run_job(job)
    assert "it is put aside and its history is lost" in capsys.readouterr().out
    assert pathlib.Path(f"{rates}.damaged").exists() and os.path.exists(rates)
