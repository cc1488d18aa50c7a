"""What is said when RETURNN fails: causes from its log. RETURNN is played by small programs here."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from typing import Any

import pytest

from jobs import returnn_process
from jobs.checkpoint import FILES, complete_epochs, remove_checkpoint, remove_incomplete
from jobs.engines import warn_if_missing
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
        ("RuntimeError: [enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534", "the disk is full"),
        ("RuntimeError: DataLoader worker (pid 7) is killed by signal: Killed.", "out of memory"),
        ("ResourceExhaustedError: OOM when allocating tensor", "out of memory: use smaller batches"),
        ("terminate called after throwing an instance of 'std::bad_alloc'", "out of memory"),
        (
            "start epoch 3 with ...\nException: Inf/nan score in step 12.",
            "became inf or nan in epoch 3, step 12: use a",
        ),
        (
            "RuntimeError: [enforce fail at alloc_cpu.cpp:124] . DefaultCPUAllocator: can't allocate memory",
            "out of memory",
        ),
        (
            "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
            "out of memory: use smaller batches",
        ),
        (
            "start epoch 2 global train step 5\nException: Inf/nan score in step 1.",
            "inf or nan in epoch 2, step 1: use",
        ),
        ("Exception: No GPU device found, but config requested 'gpu' device.", "PyTorch finds no GPU: give"),
        (
            "RuntimeError: The NVIDIA driver on your system is too old (found version 11040).",
            "older than the CUDA of PyTor",
        ),
        (
            "RuntimeError: CUDA error: no kernel image is available for execution on the device",
            "not built for this GPU",
        ),
        ("AssertionError: Torch not compiled with CUDA enabled", "built without CUDA: install a build"),
        ("ModuleNotFoundError: No module named 'torch'", 'The extra "torch" of this setup installs it'),
        ("ModuleNotFoundError: No module named 'tensorflow'", "make venv ENGINE=tensorflow"),
        ("FileNotFoundError: [Errno 2] No such file or directory: 'g++'", "g++ is not installed"),
        (
            "InvalidArgumentError: TensorArray has size zero, but element shape [?,5] is not fully defined.",
            "in one of the batches no sequence has a frame in an input",
        ),
        (
            "  line: \x1b[34massert\x1b[0m shape[0].max_value() \x1b[34m>\x1b[0m 0\nAssertionError",
            "in one of the batches no sequence has a frame in an input",
        ),
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
        "RuntimeError: PytorchStreamReader failed reading zip archive: failed finding central directory",
        "_pickle.UnpicklingError: Weights only load failed.",
        "EOFError: Ran out of input",
    ],
)
def test_unreadable_checkpoint(message: str) -> None:
    """All that TensorFlow says when a file of it was cut short, emptied, or has a wrong byte; and our own file."""
    error = error_from_log(f"loading weights\n\x1b[31m{message}\x1b[0m\n", 1, "log")
    assert error.is_unreadable_checkpoint and "cannot be read" in str(error) and "it is damaged" in str(error)
    later = error_from_log(f"train epoch 3, step 0, cost 1.0\n{message}\n", 1, "log")
    assert not later.is_unreadable_checkpoint, "a good one would be removed"
    later = error_from_log(f"ep 3 train, step 0, ce 1.0\n{message}\n", 1, "log")
    assert not later.is_unreadable_checkpoint


def test_killed_is_137(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(subprocess.CalledProcessError) as caught:
        _play("import os\nos.kill(os.getpid(), 9)\n", tmp_path, monkeypatch)
    assert caught.value.returncode == 137


def test_killed_process_of_several_is_137(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``torchrun`` itself then ends with 1, and says so in its table."""
    program = "print('  exitcode  : -9 (pid: 12)'); raise SystemExit(1)\n"
    with pytest.raises(subprocess.CalledProcessError):
        _play(program, tmp_path, monkeypatch, launcher=["env"])
    with pytest.raises(ReturnnError):
        _play(program, tmp_path / "alone", monkeypatch)


def test_threads_of_pytorch(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.setenv("PT_DEVICE", "cuda")
    program = "import os\nprint(os.environ.get('OMP_NUM_THREADS'), os.environ.get('PT_DEVICE'))\n"
    log = _play(program, tmp_path, monkeypatch, engine="torch", threads=3)
    _play(program, tmp_path, monkeypatch, engine="torch")
    _play(program, tmp_path, monkeypatch)
    assert pathlib.Path(log).read_text().splitlines() == ["3 None", "7 None", "None cuda"]


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


@pytest.mark.parametrize(("cuda", "hip"), [("None", "None"), ("'13.0'", "None"), ("None", "'7.1'")])
def test_build_of_pytorch(cuda: str, hip: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in its files: to import it takes seconds."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise AssertionError('it is not to be imported')\n")
    lines = [
        "__version__ = '2.13.0'",
        f"cuda: Optional[str] = {cuda}",
        "git_version = 'a'",
        f"hip: Optional[str] = {hip}",
    ]
    (tmp_path / "torch" / "version.py").write_text("\n".join(lines) + "\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    loaded = sys.modules.pop("torch", None)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    try:
        if cuda == hip:
            with pytest.raises(ReturnnError, match="PyTorch '2.13.0' was built without CUDA. Install the build for"):
                check_device("gpu", "torch")
        else:
            check_device("gpu", "torch")
    finally:
        if loaded is not None:
            sys.modules["torch"] = loaded


def test_missing_engine_is_told_once_when_the_graph_is_written(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    warn_if_missing.cache_clear()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "torch" else name)
    for engine in ("torch", "tensorflow", "torch"):
        warn_if_missing(engine)
    (message,) = caplog.messages
    assert (
        "compute with engine='torch', but PyTorch is not installed" in message and "make venv ENGINE=torch" in message
    )
    warn_if_missing.cache_clear()


def test_incomplete_checkpoints_are_removed(tmp_path: pathlib.Path) -> None:
    """Those of a complete one stay, but for what a second writing of it left."""
    good = {*(f"epoch.001{ending}" for ending in FILES), "epoch.001.optimizer.npz", "checkpoint"}
    bad = {"epoch.002.index", "epoch.001.optimizer.npz.part", "epoch.001.data-00000-of-00001.tempstate123"}
    for name in good | bad:
        (tmp_path / name).touch()
    assert complete_epochs(str(tmp_path)) == {1}
    remove_incomplete(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == good


def test_incomplete_checkpoints_of_pytorch_are_removed(tmp_path: pathlib.Path) -> None:
    """The state of the optimizer comes first; later only the newest ones have it."""
    good = {"epoch.001.pt", "epoch.002.pt", "epoch.002.opt.pt"}
    bad = {"epoch.003.opt.pt", "epoch.002.pt.tmp_write", "epoch.003.pt.tmp_write"}
    for name in good | bad:
        (tmp_path / name).touch()
    assert complete_epochs(str(tmp_path)) == {1, 2}
    remove_incomplete(str(tmp_path))
    assert {path.name for path in tmp_path.iterdir()} == good
    remove_checkpoint(str(tmp_path), 2)
    assert {path.name for path in tmp_path.iterdir()} == {"epoch.001.pt"}
