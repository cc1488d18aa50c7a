"""What settings.py refuses before an engine waits for it."""

from __future__ import annotations

import os
import pathlib
import runpy
from types import SimpleNamespace
from typing import Any

import pytest

from jobs.slurm_nodes import node_groups

SETTINGS = str(pathlib.Path(__file__).resolve().parents[1] / "settings.py")
LONG = SimpleNamespace(mini_task=False)


@pytest.fixture
def settings(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Those of a machine with neither a GPU nor Slurm."""
    monkeypatch.setenv("PATH", str(tmp_path))
    return runpy.run_path(SETTINGS)


def test_gpu_on_a_machine_without_is_refused(settings: dict[str, Any], tmp_path: pathlib.Path) -> None:
    check = settings["check_engine_limits"]
    with pytest.raises(RuntimeError, match='wants a GPU, and this machine has none. Give device="cpu"'):
        check({"gpu": 1, "cpu": 1}, LONG)
    (tmp_path / "nvidia-smi").touch(mode=0o755)
    assert check({"gpu": 1, "cpu": 1}, LONG) == {"gpu": 1, "cpu": 1}


def test_more_cores_than_there_are_become_all(settings: dict[str, Any]) -> None:
    cores = len(os.sched_getaffinity(0))
    assert settings["check_engine_limits"]({"cpu": 10 * cores}, LONG)["cpu"] == cores


def test_what_no_node_of_a_slurm_cluster_has_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the nodes that ``sinfo`` names; in a task of Slurm, which was taken already, nothing is asked again."""
    for name, text in (("sbatch", ""), ("sinfo", "#!/bin/sh\necho '2|8|64000|gpu:2|infinite'\n")):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    node_groups.cache_clear()
    check = runpy.run_path(SETTINGS)["check_engine_limits"]
    request = {"gpu": 2, "cpu": 8, "mem": 62, "time": 1}
    assert check(dict(request), _asking(request)) == request
    with pytest.raises(RuntimeError, match="no node of this cluster has what it asks for"):
        check({**request, "gpu": 4}, _asking({**request, "gpu": 4}))
    assert check({**request, "mem": 124}, _asking(request)) == request
    monkeypatch.setenv("SLURM_JOB_ID", "1")
    assert check({**request, "gpu": 4}, _asking({**request, "gpu": 4}))["gpu"] == 4
    node_groups.cache_clear()


def _asking(request: dict[str, Any]) -> SimpleNamespace:
    """A task that asks for something."""
    return SimpleNamespace(mini_task=False, rqmt=lambda: request)
