"""``./sis check CONFIG``: the networks of the jobs, in a process of their own."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from typing import Any

import pytest

from jobs.check import check_config as module
from jobs.check.check_config import check_config, networks_of
from jobs.selected_network import SelectedNetwork
from localsis import settings
from localsis.job import created_jobs
from recipe import nn

from ..examples import CountJob
from ..inspection.test_commands import Model, training


@pytest.fixture(autouse=True)
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty setup, in which no job is known."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    created_jobs.clear()


def test_networks_of_a_graph(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Each once; what waits for a job is told, and nothing of TensorFlow is imported here."""
    job = training(alias="exp/training")
    (found,) = networks_of([job])
    assert found.network.digest == job.network.digest
    assert found.names == [f"network of TrainingJob {job.job_id()[-12:-6]}"]
    given: list[Any] = []
    monkeypatch.setattr(module, "run_checks", lambda networks: given.extend(networks) or 1)
    title = f"training network, {found.names[0]}"
    count = f"size of CountJob {CountJob(7).job_id()[-12:-6]}"
    assert check_config([job], ["configs/x.py", "numbers"]) == 1
    assert [name for name, _ in given] == [f"{title}, made-up {count}"]
    given.clear()
    size = pathlib.Path(CountJob(7).out_size.get_path())
    size.write_text("7")
    pathlib.Path(CountJob(7)._sis_path("finished")).touch()
    assert check_config([job], ["configs/x.py", "numbers"]) == 1
    assert [name for name, _ in given] == [title]
    assert "tensorflow" not in sys.modules or not capsys.readouterr().out


def test_networks_in_other_arguments() -> None:
    model = Model(CountJob(7), 3, 0.0)
    first, model.dropout = nn.Network(model), 0.1
    second = nn.Network(model)
    staged = CountJob(nn.StagedNetwork({1: first, 4: second}))  # type: ignore[arg-type]
    selected = CountJob(SelectedNetwork([second, first], staged.out_size))  # type: ignore[arg-type]
    found = networks_of([selected, CountJob(3)])
    assert [one.network.digest for one in found] == [first.digest, second.digest]
    assert [len(one.names) for one in found] == [2, 2]
    assert found[0].names[0].startswith("size/1 of CountJob ")


def test_process(tmp_path: pathlib.Path) -> None:
    """A network that cannot be built is told, and the status says so; the rest is checked all the same."""
    code = """
import sys
from jobs.check import check_config
from recipe import nn
time, features = nn.Dim(None, "time"), nn.Dim(4, "features")
data = nn.ExternData("data", [nn.batch_dim, time, features])
good = nn.Network(lambda: nn.tanh(nn.get_extern_data(data)))
bad = nn.Network(lambda: nn.log(nn.get_extern_data(data)))
sys.exit(check_config.run_checks([("bad", bad), ("good", good)]))
"""
    file = tmp_path / "run.py"
    file.write_text(code)
    project = pathlib.Path(__file__).resolve().parents[3]
    command = [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(project)!r})\n"
        f"import localsis.module; localsis.module.install()\nexec(open({str(file)!r}).read())",
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    lines = result.stdout.splitlines()
    assert result.returncode == 1, result.stderr
    assert lines[0] == "DIFFERENT: bad" and lines[1].startswith("  step 0: not finite: log [batch, time, f")
    assert lines[-2].startswith("same in 2 steps, up to ") and lines[-2].endswith(": good")
    assert lines[-1] == "compared: NumPy, RETURNN on TensorFlow and RETURNN on PyTorch"
