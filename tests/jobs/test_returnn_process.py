"""What is said when RETURNN fails: causes from its log. RETURNN is played by small programs here."""

from __future__ import annotations

import pathlib
import subprocess

import pytest

from jobs.checkpoint import complete_epochs, remove_incomplete
from jobs.returnn_process import ReturnnError, run_returnn


def _play(program: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Runs a program in place of RETURNN; gives the path of the log."""
    (tmp_path / "returnn").mkdir()
    (tmp_path / "returnn" / "__main__.py").write_text(program)
    (tmp_path / "returnn" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    log = str(tmp_path / "log")
    run_returnn("some.config", log=log, device="cpu")
    return log


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("Inf/nan score in step 0.", "became inf or nan"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'g++'", "g++ is not installed"),
        ("\x1b[31mKeyError\x1b[0m: 'some key'", "KeyError: 'some key'"),
        ("nothing of use", "no error message was found"),
    ],
)
def test_cause(line: str, cause: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = f"import sys\nprint({line!r})\nsys.exit(1)\n"
    with pytest.raises(ReturnnError) as caught:
        _play(program, tmp_path, monkeypatch)
    assert cause in str(caught.value) and str(tmp_path / "log") in str(caught.value)
    assert not caught.value.is_unreadable_checkpoint


def test_unreadable_checkpoint(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ReturnnError) as caught:
        _play("import sys\nsys.exit('OutOfRangeError: Read less bytes than requested')\n", tmp_path, monkeypatch)
    assert caught.value.is_unreadable_checkpoint


def test_killed_is_137(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _play("import os\nos.kill(os.getpid(), 9)\n", tmp_path, monkeypatch)
    assert caught.value.returncode == 137


def test_cpu_tasks_do_not_use_cuda(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _play("import os, sys\nprint('CUDA', os.environ['DISABLE_CUDA'])\nsys.exit(0)\n", tmp_path, monkeypatch)
    assert "CUDA 1" in pathlib.Path(log).read_text()


def test_incomplete_checkpoints_are_removed(tmp_path: pathlib.Path) -> None:
    for name in ("epoch.001.index", "epoch.001.meta", "epoch.001.data-00000-of-00001", "epoch.002.index", "checkpoint"):
        (tmp_path / name).touch()
    assert complete_epochs(str(tmp_path)) == {1}
    remove_incomplete(str(tmp_path))
    assert "epoch.002.index" not in {path.name for path in tmp_path.iterdir()}
    assert complete_epochs(str(tmp_path)) == {1}
