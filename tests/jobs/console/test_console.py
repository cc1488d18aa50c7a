"""``./sis console``, and configs imported in plain Python as in a notebook."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys

import pytest
from sisyphus import tk

from jobs.console.named_jobs import NamedJobs
from localsis import settings
from localsis.job import created_jobs

from ..examples import CountJob
from ..setup_directory import make_setup


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup in which nothing was run."""
    return make_setup(tmp_path / "setup")


def python(setup: pathlib.Path, *arguments: str, given: str = "") -> tuple[int, str, str]:
    """Exit status, output and errors of Python."""
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": "this"}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=setup, env=environment, input=given, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_console_reads_lines(setup: pathlib.Path) -> None:
    lines = "print(jobs['training'].job_id(), nn.Linear.__name__, tk.Path('x'))\njobs['trayning']\n"
    status, text, errors = python(setup, "sis", "console", "configs/tiny.adam", given=lines)
    assert status == 0 and "jobs/training/TrainingJob." in text and "Linear" in text, errors
    assert "Did you mean 'training'?" in text + errors and not (setup / "work").exists()


def test_console_without_a_config(setup: pathlib.Path) -> None:
    status, text, errors = python(setup, "sis", "console", "--script", "-c", "print(len(jobs), nn.Dim(3, 'x'))")
    assert status == 0 and text.startswith("0 "), errors


def test_commands_alone(setup: pathlib.Path) -> None:
    words = ["sis", "console", "-s", "-c", "x = len(jobs)", "-c", "print(x > 2)", "configs/tiny.py"]
    assert python(setup, *words)[:2] == (0, "True\n")


def test_wrong_config(setup: pathlib.Path) -> None:
    status, _, errors = python(setup, "sis", "console", "configs/tiny.adm")
    assert status == 1 and "Did you mean configs/tiny.adam?" in errors and "Traceback" not in errors


def test_import_of_a_config(setup: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """In plain Python, from another directory."""
    code = (
        "import localsis; print(localsis.open_setup())\n"
        "import configs.tiny; from sisyphus import tk; configs.tiny.adam()\n"
        "from jobs.console.named_jobs import graph_jobs; print(list(graph_jobs()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "SIS_ENGINE": "embedded", "PYTHONPATH": str(setup)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("embedded\n") and "'training'" in done.stdout, done.stderr


def test_jobs_by_name(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    created_jobs.clear()
    first, second = CountJob(1), CountJob(2)
    first.add_alias("one")
    jobs = NamedJobs([first, second])
    assert len(jobs) == 2 and set(jobs) == {"one", second.job_id()}
    job_hash = second.job_id().rpartition(".")[2]
    assert jobs["one"] is first and jobs[second.job_id()] is jobs[job_hash[:6]] is second
    assert "  one" in repr(jobs).splitlines() and first.job_id() in jobs._ipython_key_completions_()
    with pytest.raises(KeyError, match="may be any of"):
        jobs["CountJob"]
    with pytest.raises(KeyError, match="Did you mean 'one'"):
        jobs["onee"]
    assert isinstance(first.out_size, tk.Variable)
