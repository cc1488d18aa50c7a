"""What settings.py refuses before an engine waits for it."""

from __future__ import annotations

import os
import pathlib
import runpy
from types import SimpleNamespace
from typing import Any

import pytest

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


def test_slurm_decides_for_itself(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sbatch").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    request = {"gpu": 4, "cpu": 1000}
    assert runpy.run_path(SETTINGS)["check_engine_limits"](dict(request), LONG) == request
