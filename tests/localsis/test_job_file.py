"""A job that one engine has saved is read and run by workers of the other."""

from __future__ import annotations

import gzip
import os
import pathlib
import pickletools
import shutil
import subprocess
import sys
import tarfile

import pytest
from sisyphus import tk

from localsis.job_file import write_job

from .graph_examples import SourceJob
from .saved_jobs import WORKER, make_setup, make_stand_in
from .test_manager import PROJECT
from .test_manager import run as run_manager

EXPECTED = "5 data {'a': [1, None], 'b': (2.5, 'x')} a $b"
SISYPHUS_PYTHON = os.environ.get("SISYPHUS_PYTHON", "")


@pytest.fixture
def job(tmp_path: pathlib.Path) -> pathlib.Path:
    """The directory of a job that the embedded engine has saved; it was run once, and what came of it is removed."""
    setup = make_setup(tmp_path)
    for name in ("localsis", "settings.py", "sis"):
        (setup / name).symlink_to(PROJECT / name)
    status, text = run_manager(setup, "manager", "configs/saved.py")
    assert status == 0 and (setup / "output" / "sum").read_text() == EXPECTED, text
    return unrun((setup / "alias" / "saved").resolve())


def unrun(job: pathlib.Path) -> pathlib.Path:
    """A job as it stands before its first task."""
    for pattern in ("finished*", "usage.*", "log.*"):
        for path in job.glob(pattern):
            path.unlink()
    shutil.rmtree(job / "output")
    (job / "output" / "some").mkdir(parents=True)
    return job


def check_done(job: pathlib.Path) -> None:
    """The job was run."""
    assert (job / "output" / "sum").read_text() == EXPECTED
    assert (job / "output" / "value").read_text().strip() == "4" and (job / "output" / "some" / "file").exists()


def test_names_in_it_are_those_of_sisyphus(job: pathlib.Path) -> None:
    strings = {
        str(argument)
        for _, argument, _ in pickletools.genops(gzip.decompress((job / "job.save").read_bytes()))
        if isinstance(argument, str)
    }
    assert {"sisyphus.job_path", "sisyphus.delayed_ops", "sisyphus.tools", "_sis_id_cache", "_sis_kwargs"} <= strings
    assert not any(text.startswith("localsis") for text in strings)


def test_worker_of_sisyphus_reads_it_and_the_other_way_round(job: pathlib.Path, tmp_path: pathlib.Path) -> None:
    place = make_stand_in(tmp_path / "site")
    subprocess.run(
        [sys.executable, "-c", WORKER, str(job)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(place)},
        check=True,
    )
    check_done(job)
    unrun(job)
    run_worker(job, tmp_path)
    check_done(job)
    assert (job / "finished.run.1").exists()


def run_worker(job: pathlib.Path, setup: pathlib.Path) -> None:
    """The worker of the embedded engine."""
    subprocess.run([sys.executable, "-m", "localsis", "worker", str(job), "run", "1"], cwd=setup, check=True)


@pytest.mark.skipif(not SISYPHUS_PYTHON, reason="SISYPHUS_PYTHON names no Python that has Sisyphus")
def test_sisyphus_itself_reads_it_and_the_other_way_round(job: pathlib.Path, tmp_path: pathlib.Path) -> None:
    sis = str(pathlib.Path(SISYPHUS_PYTHON).with_name("sis"))
    place = os.path.relpath(job, tmp_path)
    environment = {**os.environ, "SIS_WAIT_PERIOD_MTIME_OF_INPUTS": "0"}
    worker = subprocess.run([sis, "worker", place, "run", "1"], cwd=tmp_path, env=environment, check=False)
    assert worker.returncode == 0 and (job / "finished.run.1").exists()
    check_done(job)
    unrun(job)
    set_up = "[job._sis_setup_directory() for job in tk.sis_graph.jobs()]"
    subprocess.run([sis, "console", "--script", "-c", set_up, "configs/saved.py"], cwd=tmp_path, check=True)
    run_worker(job, tmp_path)
    check_done(job)


def test_load_job_reads_directories_files_and_archives(tmp_path: pathlib.Path) -> None:
    """``tk.load_job``, as Sisyphus has it."""
    job = SourceJob("loaded")
    write_job(job, str(tmp_path / "job.save"))
    for place in (tmp_path, tmp_path / "job.save"):
        assert tk.load_job(str(place)).job_id() == job.job_id()
    with tarfile.open(tmp_path / "finished.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "job.save", "job.save")
    (tmp_path / "job.save").unlink()
    for place in (tmp_path, tmp_path / "finished.tar.gz"):
        assert isinstance(tk.load_job(str(place)), SourceJob)
    with pytest.raises(FileNotFoundError):
        tk.load_job(str(tmp_path / "nothing"))
