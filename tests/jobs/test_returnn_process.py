"""What is said when RETURNN fails: causes from its log. RETURNN is played by small programs here."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

import pytest

from jobs import returnn_process
from jobs.checkpoint import FILES, complete_epochs, remove_incomplete
from jobs.returnn_errors import ReturnnError, error_from_log
from jobs.returnn_process import check_device, run_returnn

from .played_returnn import play_returnn


def _play(program: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> str:
    """Runs a program in place of RETURNN; gives the path of the log."""
    monkeypatch.setenv("PYTHONPATH", str(play_returnn(tmp_path, program)))
    log = str(tmp_path / "log")
    run_returnn("some.config", log=log, device="cpu", **options)
    return log


@pytest.mark.parametrize(
    ("line", "cause"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("tensorflow.ResourceExhaustedError: models/x; No space on disk", "the disk is full"),
        ("ResourceExhaustedError: OOM when allocating tensor", "out of memory: use smaller batches"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "out of memory"),
        (
            "start epoch 3 with ...\nException: Inf/nan score in step 12.",
            "became inf or nan in epoch 3, step 12: use a",
        ),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'g++'", "g++ is not installed"),
        ("ModuleNotFoundError: No module named 'horovod'", "Horovod is not installed"),
        (
            "parsing file a.hdf\nparsing file b.hdf\nOSError: Unable to synchronously open file (truncated file: eof)",
            "b.hdf cannot be read (Unable to synchronously open file (truncated file: eof))",
        ),
        ("\x1b[31mKeyError\x1b[0m: 'some key'", "KeyError: 'some key'"),
        ("nothing of use", "no error message was found"),
    ],
)
def test_cause(line: str, cause: str) -> None:
    error = error_from_log(line, 1, "the/log")
    assert cause in str(error) and "the/log" in str(error)
    assert not error.is_unreadable_checkpoint


def test_only_the_log_of_this_run_counts(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "log").write_text("No space left on device\n")
    with pytest.raises(ReturnnError, match="KeyError: 'x'"):
        _play("print(\"KeyError: 'x'\"); raise SystemExit(1)\n", tmp_path, monkeypatch)


@pytest.mark.parametrize(
    "message",
    [
        "IndexError: Read less bytes than requested",
        "OpError: file is too short to be an sstable",
        "OpError: not an sstable (bad magic number)",
        "DataLossError: TensorBundle at x shard 0 (1344 bytes): Checksum does not match: stored 2 vs. calculated on 3",
        "OpError: Unable to read file (x.index). Perhaps the file is corrupt or was produced by a newer version",
        "RuntimeError: DataLossError: x.optimizer.npz cannot be read: File is not a zip file",
    ],
)
def test_unreadable_checkpoint(message: str) -> None:
    """All that TensorFlow says when a file of it was cut short, emptied, or has a wrong byte; and our own file."""
    error = error_from_log(f"loading weights\n\x1b[31m{message}\x1b[0m\n", 1, "log")
    assert error.is_unreadable_checkpoint and "cannot be read" in str(error) and "it is damaged" in str(error)
    later = error_from_log(f"train epoch 3, step 0, cost 1.0\n{message}\n", 1, "log")
    assert not later.is_unreadable_checkpoint, "a good one would be removed"


def test_killed_is_137(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _play("import os\nos.kill(os.getpid(), 9)\n", tmp_path, monkeypatch)
    assert caught.value.returncode == 137


def test_cpu_tasks_do_not_use_cuda(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = _play("import os, sys\nprint('CUDA', os.environ['DISABLE_CUDA'])\nsys.exit(0)\n", tmp_path, monkeypatch)
    assert "CUDA 1" in pathlib.Path(log).read_text()


def test_watch_is_called_while_it_runs_and_may_fail(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(returnn_process, "WATCH_INTERVAL", 0.02)
    monkeypatch.chdir(tmp_path)

    def watch() -> None:
        (tmp_path / "go").touch()
        raise OSError("no picture")

    program = "import pathlib, time\nwhile not pathlib.Path('go').exists(): time.sleep(.01)\n"
    _play(program, tmp_path, monkeypatch, watch=watch)
    assert "while RETURNN runs: OSError('no picture')" in capsys.readouterr().out


def test_gpu_that_is_not_there(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with pytest.raises(ReturnnError, match="the engine gave this task no GPU"):
        check_device("gpu")
    check_device("cpu")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with pytest.raises(ReturnnError, match="install g"):
        check_device("gpu")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    if not os.path.exists("/dev/nvidia0"):
        with pytest.raises(ReturnnError, match='has no GPU. Give device="cpu"'):
            check_device("gpu")


def test_incomplete_checkpoints_are_removed(tmp_path: pathlib.Path) -> None:
    """Those of a complete one stay, but for what a second writing of it left."""
    good = {*(f"epoch.001{ending}" for ending in FILES), "epoch.001.optimizer.npz", "checkpoint"}
    bad = {"epoch.002.index", "epoch.001.optimizer.npz.part", "epoch.001.data-00000-of-00001.tempstate123"}
    for name in good | bad:
        (tmp_path / name).touch()
    assert complete_epochs(str(tmp_path)) == {1}
    remove_incomplete(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == good
