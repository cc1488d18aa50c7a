"""``./sis draw``: the networks of a job, and the jobs of a config."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from jobs.commands import COMMANDS
from jobs.inspection.draw import draw_config
from jobs.inspection.job_graph import graph_picture, graph_table, job_graph
from localsis import command_line
from recipe import nn

from ..examples import CountJob
from ..setup_directory import make_setup
from .test_commands import Model, training


def test_network_of_a_job(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """As it was recorded, though some of its sizes are not known yet."""
    job = training(alias="exp/training")
    assert command_line.run(["draw", "exp/training", "net.dot"], COMMANDS) == 0
    assert capsys.readouterr().out == "net.dot\n"
    source = (setup / "net.dot").read_text()
    assert "readout (Linear" in source and "loss sum" in source
    assert command_line.run(["draw", job.job_id(), "net.txt"], COMMANDS) == 0
    table = (setup / "net.txt").read_text()
    assert table == job.network.summary() and "and those of sizes that jobs give" in table
    if shutil.which("dot") is not None:
        assert command_line.run(["draw", "exp/training"], COMMANDS) == 0
        assert "<svg" in (setup / "exp_training.svg").read_text()


def test_networks_of_a_job(setup: pathlib.Path) -> None:
    """Each into its file; the depth is passed on."""
    model = Model(CountJob(7), 3, 0.1)
    job = CountJob(nn.StagedNetwork({1: nn.Network(model), 4: nn.Network(model)}))  # type: ignore[arg-type]
    CountJob(7)._sis_setup_directory()
    job._sis_setup_directory()
    assert command_line.run(["draw", "--depth=0", job.job_id(), "net.dot"], COMMANDS) == 0
    files = sorted(path.name for path in setup.glob("*.dot"))
    assert files == ["net_size_stages_1.dot", "net_size_stages_4.dot"]
    assert "subgraph" not in (setup / files[0]).read_text()


def test_graph_of_jobs(setup: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    job = training()
    job.add_alias("exp/training")
    count = CountJob(7)
    graph = job_graph([job], str(setup / "work"))
    assert [one.job_id for one in graph] == [count.job_id(), job.job_id()]
    assert [one.state for one in graph] == ["runnable", "waiting"]
    assert graph[1].inputs == {"": ["train.hdf"], count.job_id(): ["size"]}
    pathlib.Path(count._sis_path("finished")).touch()
    pathlib.Path(job._sis_path("log.run.1")).touch()
    graph = job_graph([job], str(setup / "work"))
    assert [one.state for one in graph] == ["finished", "started"]
    lines = graph_table(graph).splitlines()
    assert lines[0].startswith("finished  CountJob ") and lines[1] == "started   exp/training TrainingJob"
    assert lines[-1] == "2 jobs: 1 finished, 1 started"
    source = graph_picture(graph, "configs/x.py").source
    assert 'j0 -> j1 [label="size"]' in source or "j0 -> j1 [label=size]" in source
    assert source.count("#c6f6d5") == 1 and "train.hdf" in source
    assert draw_config([job], ["configs/x.py", "graph.txt"]) == 0
    assert (setup / "graph.txt").read_text() == graph_table(graph)


def test_config_on_the_command_line(tmp_path: pathlib.Path) -> None:
    """Nothing is run, and no directory of a job is made."""
    setup = make_setup(tmp_path / "setup")
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable}
    command = [sys.executable, "sis", "draw", "configs/tiny.adam", "jobs.dot"]
    result = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (0, "jobs.dot\n"), result.stderr
    source = (setup / "jobs.dot").read_text()
    assert "TrainingJob" in source and "runnable" in source and "SearchJob" in source
    assert not (setup / "work").exists()
    wrong = [*command[:3], "configs/tiny.nothing"]
    result = subprocess.run(wrong, cwd=setup, env=environment, capture_output=True, text=True, check=False)
    assert result.returncode == 1 and "has no function nothing()" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["draw", "nothing"], "there is no job 'nothing'"),
        (["draw", "count", "x.jpeg"], "should end in .svg"),
        (["draw", "count"], "has no network"),
    ],
)
def test_errors(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    if "x.jpeg" in arguments:
        training(alias="count")
    else:
        job = CountJob(3)
        job._sis_setup_directory()
        arguments = [job.job_id() if word == "count" else word for word in arguments]
    assert command_line.run(arguments, COMMANDS) == 1
    assert message in capsys.readouterr().err
