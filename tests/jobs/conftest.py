"""The module ``sisyphus`` of these tests is the embedded engine."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import localsis

localsis.install()

from jobs.checkpoint import Checkpoint  # noqa: E402
from jobs.directory_holder import release_all  # noqa: E402
from jobs.engines import is_installed  # noqa: E402
from jobs.model_job import ModelJob  # noqa: E402
from localsis import settings  # noqa: E402 - what jobs import must be installed first
from localsis.job import Job, created_jobs  # noqa: E402
from recipe import nn  # noqa: E402

from ..conftest import SCLITE  # noqa: E402
from ..warm_returnn import cold, warm  # noqa: E402
from .engines import WORDS, dataset, random_checkpoints  # noqa: E402
from .setup_directory import make_setup, run_manager  # noqa: E402

RunJob = Callable[[Job], Any]


@pytest.fixture(autouse=True)
def no_jobs_of_other_tests() -> None:
    """Equal arguments give the same job object in one graph; each test has a graph of its own."""
    created_jobs.clear()


@pytest.fixture
def run_job(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> RunJob:
    """Runs the tasks of a job in this process, in a setup of its own; the way a worker does it."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path / "setup"))

    def run(job: Job) -> Any:
        job._sis_setup_directory()
        with monkeypatch.context() as context:
            context.chdir(job._sis_path("work"))
            try:
                for task in job.tasks():
                    for arguments in task.arguments:
                        getattr(job, task.start)(*arguments)
            finally:
                release_all()  # as a process does at its end
        assert job._sis_missing_outputs() == []
        return job

    os.makedirs(tmp_path / "setup")
    return run


@pytest.fixture(scope="session", params=["tensorflow", "torch"])
def engine(request: pytest.FixtureRequest) -> str:
    """Each engine of RETURNN that is installed."""
    found: str = request.param
    if not is_installed(found):
        pytest.skip(f"{found} is not installed")
    return found


@pytest.fixture(scope="session")
def everything(tmp_path_factory: pytest.TempPathFactory, engine: str) -> pathlib.Path:
    """A setup in which ``configs/everything.py`` ran through: each job of this setup on a training of seconds."""
    setup = make_setup(tmp_path_factory.mktemp(f"everything_{engine}") / "setup")
    function = "with_sclite" if SCLITE.is_installed else "py"
    with warm():
        run_manager(setup, f"configs/everything.{function}({engine!r})")
    return setup


@pytest.fixture(scope="module")
def warm_returnn() -> Iterator[None]:
    """RETURNN does not wait for its imports."""
    with warm():
        yield


@pytest.fixture
def warm_returnn_once() -> Iterator[None]:
    """The same for one test."""
    with warm():
        yield


@pytest.fixture
def cold_returnn() -> Iterator[None]:
    """RETURNN starts by itself, as in use."""
    with cold():
        yield


@pytest.fixture
def word_data(tmp_path: pathlib.Path) -> dict[str, Any]:
    """The words as a dataset."""
    return dataset(tmp_path / "words.hdf", WORDS)


@pytest.fixture
def on_both_engines(tmp_path: pathlib.Path, run_job: RunJob) -> Callable[..., list[Any]]:
    """Runs a job on each engine: first on TensorFlow, then on PyTorch."""

    def run(network: nn.Network, make: Callable[[Checkpoint], ModelJob]) -> list[Any]:
        checkpoints = random_checkpoints(tmp_path, network)
        jobs = [run_job(make(checkpoints[engine])) for engine in ("tensorflow", "torch")]
        assert [job.engine for job in jobs] == ["tensorflow", "torch"]
        return jobs

    return run
