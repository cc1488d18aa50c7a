"""The settings.py of the pages can be loaded, as Sisyphus loads them, with engines that are called as its own."""

from __future__ import annotations

import email
import email.policy
import inspect
import math
import os
import pathlib
import sys
import types
from typing import Any

import pytest

from jobs.atomic_file import write_json
from jobs.epoch_hook import EpochHook
from jobs.learning_curves import curves_json
from jobs.learning_rates import EpochData

from .pages import PAGES, Block, blocks

SETTINGS = [block for page in PAGES for block in blocks(page) if block.title == "settings.py"]


class LocalEngine:
    """Its arguments as in Sisyphus."""

    def __init__(self, cpus: int = 1, gpus: int = 0, available_gpus: str = ""):
        self.arguments = {"cpus": cpus, "gpus": gpus}


class ClusterEngine:
    """The arguments that both have in Sisyphus; it wants memory and time."""

    def __init__(self, default_rqmt: dict[str, float], gateway: str | None = None):
        assert {"mem", "time"} <= set(default_rqmt)


class EngineSelector:
    """As in Sisyphus: tasks of an engine's name, others of the default one."""

    def __init__(self, engines: dict[str, Any], default_engine: str):
        assert "short" in engines and default_engine in engines  # `mini_task` asks for "short"
        self.engines = engines


ENGINES = {
    "sisyphus.engine": {"EngineSelector": EngineSelector},
    "sisyphus.localengine": {"LocalEngine": LocalEngine},
    "sisyphus.son_of_grid_engine": {"SonOfGridEngine": ClusterEngine},
    "sisyphus.simple_linux_utility_for_resource_management_engine": {
        "SimpleLinuxUtilityForResourceManagementEngine": ClusterEngine
    },
}


@pytest.fixture(autouse=True)
def engines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The modules of Sisyphus that settings import."""
    for name, members in ENGINES.items():
        module = types.ModuleType(name)
        vars(module).update(members)
        monkeypatch.setitem(sys.modules, name, module)


def loaded(block: Block) -> dict[str, Any]:
    """The values of a settings.py; ``__file__`` is not that of the settings, in Sisyphus too."""
    values: dict[str, Any] = {"__file__": "global_settings.py"}
    exec(compile(block.code, block.place, "exec"), values)
    return values


def test_pages_have_them() -> None:
    assert len(SETTINGS) >= 5
    names = {name for block in SETTINGS for name in loaded(block)}
    assert {"engine", "check_engine_limits", "worker_wrapper", "IMPORT_PATHS"} <= names


@pytest.mark.parametrize("block", SETTINGS, ids=lambda block: block.place)
def test_settings(block: Block) -> None:
    values = loaded(block)
    if "engine" in values:
        assert set(values["engine"]().engines) == {"short", "long"}
    if "check_engine_limits" in values:
        _check_limits(values["check_engine_limits"])
    if "worker_wrapper" in values:
        _check_wrapper(values["worker_wrapper"])
    if "IMPORT_PATHS" in values:
        assert "recipe/" in values["IMPORT_PATHS"] and values["IMPORT_PATHS"][-1].endswith("/returnn_recurrent")


def _check_limits(check: Any) -> None:
    assert list(inspect.signature(check).parameters) == ["current_rqmt", "task"]
    small = {"cpu": 2, "mem": 4, "time": 1}
    assert check(dict(small), "task") == small
    with pytest.raises((RuntimeError, AssertionError), match="no node has 1000 GB"):
        check({**small, "mem": 1000}, "task")


def _check_wrapper(wrap: Any) -> None:
    call = ["/usr/bin/python3", "/usr/bin/sis", "worker", "work/job", "run"]
    training = types.SimpleNamespace(job_id=lambda: "jobs/training/TrainingJob.abc")
    scoring = types.SimpleNamespace(job_id=lambda: "jobs/scoring/ScoringJob.abc")
    assert wrap(scoring, "run", list(call)) == call and wrap(None, "run", list(call)) == call
    wrapped = wrap(training, "run", list(call))
    assert wrapped[0] == "apptainer" and wrapped[-4:] == ["sis", *call[2:]] and "--nv" in wrapped


def test_hooks_send_what_they_are_told(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command, and a mail that a mail program can read."""
    (values,) = [values for values in map(loaded, SETTINGS) if "when_manager_ends" in values]
    for name in ("sendmail", "notify-send"):
        program = tmp_path / name
        note = f'printf "%s\\n" "$@" > {tmp_path}/{name}.arguments'
        read = f"cat > {tmp_path}/{name}.input" if name == "sendmail" else ""
        program.write_text(f"#!/bin/sh\n{note}\n{read}\n")
        program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("EMAIL", "me@example.org")
    values["when_job_fails"]("g2p/training", "it ended with an error:\n  why")
    assert (tmp_path / "notify-send.arguments").read_text() == "g2p/training failed\nit ended with an error:\n  why\n"
    values["when_manager_ends"](1, "g2p/demo\n  wer  36.21\n")
    mail = email.message_from_bytes((tmp_path / "sendmail.input").read_bytes(), policy=email.policy.default)
    assert (mail["To"], mail["Subject"]) == ("me@example.org", "some outputs are missing")
    assert mail.get_content() == "g2p/demo\n  wer  36.21\n"
    assert (tmp_path / "sendmail.arguments").read_text() == "-t\n"


def test_hook_sends_epochs_to_mlflow(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As trainings call it: a training that goes on has one run."""
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    (values,) = [values for values in map(loaded, SETTINGS) if "when_epoch_ends" in values]
    values["TRACKING"] = f"file:{tmp_path}/store"
    curves = str(tmp_path / "learning_curves.json")
    for last in (2, 3):
        scores = {epoch: {"dev_score": 1 / epoch, "train_score": math.inf} for epoch in range(1, last + 1)}
        write_json(curves, curves_json({epoch: EpochData(0.1, values, {}) for epoch, values in scores.items()}))
        EpochHook(values["when_epoch_ends"], "g2p/demo/training", curves)()
    (run,) = mlflow.search_runs(experiment_names=["g2p/demo"], output_format="list")
    assert run.info.run_name == "training" and run.data.tags["job"] == "g2p/demo/training"
    client = mlflow.MlflowClient()
    history = client.get_metric_history(run.info.run_id, "dev_score")
    assert [(one.step, one.value) for one in history] == [(1, 1.0), (2, 0.5), (3, pytest.approx(1 / 3))]
    assert set(run.data.metrics) == {"dev_score", "learning_rate"}
