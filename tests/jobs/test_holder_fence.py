"""RETURNN ends by itself when its task does not hold the directory any more, or is not heard of."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs import returnn_program
from jobs.holder_fence import ENDED
from jobs.lexicon import LexiconToHdfJob
from jobs.returnn_process import returnn_environment
from jobs.training import TrainingJob
from jobs.training_run import TrainingRun
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset

from .configs.tiny import tiny_model
from .played_returnn import play_returnn
from .setup_directory import LEXICON, wait_for

pytestmark = pytest.mark.xdist_group("chain")

RunJob = Callable[[Any], Any]
PLAYED = "import time\nprint('started', flush=True)\ntime.sleep(60)"


def start_returnn(
    config: str, log: pathlib.Path, file: pathlib.Path, times: str, **more: str
) -> subprocess.Popen[bytes]:
    """RETURNN as a task starts it that holds a directory by a file, in which "token" stands."""
    environment = {"DIRECTORY_HOLDER": str(file), "DIRECTORY_HOLDER_TOKEN": "token", "DIRECTORY_HOLDER_TIMES": times}
    with open(log, "wb") as output:
        return subprocess.Popen(
            [sys.executable, returnn_program.__file__, config],
            cwd=log.parent,  # where RETURNN leaves a dump
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**returnn_environment("cpu", **{"engine": more.pop("engine", "torch")}), **environment, **more},
        )


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda file: file.unlink(), "the job's directory was removed, or another task has taken it over"),
        (lambda file: file.write_text("another"), "another task has taken over the job's directory"),
        (lambda file: None, "the task that started it has not been heard of for 0.5 s"),
    ],
    ids=["gone", "taken", "silent"],
)
def test_it_ends(change: Callable[[pathlib.Path], None], why: str, tmp_path: pathlib.Path) -> None:
    file, log = tmp_path / "holder.1", tmp_path / "log"
    file.write_text("token 1")
    played = str(play_returnn(tmp_path / "played", PLAYED))
    process = start_returnn("config", log, file, "0.05 0.5", PYTHONPATH=played)
    wait_for(lambda: "started" in log.read_text() or process.poll() is not None)
    change(file)
    assert process.wait(timeout=50) == ENDED and f"RETURNN ends: {why}" in log.read_text()


def test_it_goes_on_as_long_as_the_task_is_heard_of(tmp_path: pathlib.Path) -> None:
    file, log, number = tmp_path / "holder.1", tmp_path / "log", [0]
    file.write_text("token 0")
    played = str(play_returnn(tmp_path / "played", "import time\nprint('started', flush=True)\ntime.sleep(2)"))
    process = start_returnn("config", log, file, "0.05 0.5", PYTHONPATH=played)

    def beat() -> bool:
        number[0] += 1
        file.with_suffix(".new").write_text(f"token {number[0]}")
        os.replace(file.with_suffix(".new"), file)
        return process.poll() is not None

    wait_for(beat)
    assert process.returncode == 0, log.read_text()


def test_it_looks_before_it_writes_a_checkpoint_or_scores(tmp_path: pathlib.Path, run_job: RunJob, engine: str) -> None:
    """With real RETURNN on both engines; by its times, it would look again only after an hour."""
    (tmp_path / "lexicon.tsv").write_text(LEXICON)
    lexicon = tk.Path(str(tmp_path / "lexicon.tsv"))
    hdf = run_job(LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, end_label=END_LABEL)).out_hdf
    data = label_dataset(hdf, seq_ordering="sorted")
    job = TrainingJob(nn.Network(tiny_model()), data, data, engine=engine, config={"batch_size": 1000})
    job._sis_setup_directory()
    TrainingRun(job).write_config()
    file, log = tmp_path / "holder.1", tmp_path / "log"
    file.write_text("token")
    process = start_returnn(job.out_returnn_config_file.get_path(), log, file, "3600 3600", engine=engine)
    wait_for(lambda: "RETURNN starting up" in log.read_text(errors="replace"))
    file.write_text("another")
    assert process.wait(timeout=120) == ENDED, log.read_text(errors="replace")
    assert "start epoch 1" in log.read_text(errors="replace")
    assert not os.listdir(job.out_model_dir.get_path()) and not os.path.exists(job.out_learning_rates.get_path())
