"""Disk full, quota, read-only, lost, no access: recognised in what RETURNN and its libraries print."""

from __future__ import annotations

import pathlib

import pytest

from jobs.file_system_errors import refusal_in, refusal_now, write_failed
from jobs.returnn_errors import error_from_log

TORCH = "RuntimeError: [enforce fail at inline_container.cc:747] . open file failed with strerror: "
TENSORFLOW = "tensorflow.python.framework.errors_impl."
HDF = "Unable to synchronously create file (unable to open file: name = 'a.hdf', errno = "


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (f"{TENSORFLOW}ResourceExhaustedError: models/epoch.002.data; No space left on device", "the disk is full"),
        ("OSError: [Errno 28] Unable to synchronously write (file write failed: errno = 28, error mes", "disk is full"),
        ("OSError: [Errno 122] Disk quota exceeded: 'models/epoch.002.optimizer.npz.part'", "the quota"),
        (f"{TENSORFLOW}UnknownError: models/epoch.002.data-00000-of-00001; Disk quota exceeded", "the quota"),
        (f"{TORCH}Read-only file system", "mounted read-only"),
        ("OSError: [Errno 30] Read-only file system: 'models/epoch.002.optimizer.npz.part'", "mounted read-only"),
        (f"OSError: [Errno 30] {HDF}30, error message = 'Read-only file system')", "mounted read-only"),
        ("OSError: [Errno 116] Stale file handle: 'models'", "the file system is lost"),
        ("OSError: [Errno 5] Input/output error: 'models/epoch.001.pt'", "the file system is lost"),
        (f"{TENSORFLOW}UnknownError: models/epoch.001.index; Input/output error", "the file system is lost"),
        ("OSError: [Errno 107] Transport endpoint is not connected: 'models'", "the file system is lost"),
        (f"{TORCH}Permission denied", "access to a file is denied"),
        (f"{TENSORFLOW}PermissionDeniedError: models/epoch.002_temp; Permission denied", "access to a file is denied"),
    ],
)
def test_words(line: str, words: str) -> None:
    error = error_from_log(f"ep 2 train, step 0, ce 1.0\n\x1b[31m{line}\x1b[0m\nlater lines\n", 1, "the/log")
    assert words in str(error) and "the/log" in str(error)


@pytest.mark.parametrize(
    "line",
    [
        "nvidia-smi: Permission denied",
        "epoch 28, errno 280, step 5",
        "ResourceExhaustedError: OOM when allocating tensor in namespace x",
        "warning: /dev/infiniband: Input/output error",
    ],
)
def test_other_lines_are_no_refusal(line: str) -> None:
    assert refusal_in(line) is None


def test_checkpoint_of_a_lost_file_system_is_not_damaged() -> None:
    """It would be removed, and the file system comes back."""
    text = "OSError: [Errno 5] Input/output error\nDataLossError: epoch.001.pt cannot be read: File is not a zip file\n"
    assert not error_from_log(text, 1, "log").is_unreadable_checkpoint
    assert error_from_log(text.splitlines()[1], 1, "log").is_unreadable_checkpoint


def test_message_that_found_no_room_in_the_log(tmp_path: pathlib.Path) -> None:
    """Then it is tried out; /sys takes no file, as a full disk does not."""
    assert refusal_now(str(tmp_path)) is None and list(tmp_path.iterdir()) == []
    assert str(refusal_now("/sys")) in str(error_from_log("epoch 3\n", 1, "/sys/returnn.log"))
    assert "no error message was found" in str(error_from_log("epoch 3\n", 1, str(tmp_path / "log")))
    assert "KeyError: 'x'" in str(error_from_log("KeyError: 'x'\n", 1, str(tmp_path / "log")))


@pytest.mark.parametrize(
    "line",
    [
        "RuntimeError: [enforce fail at inline_container.cc:672] . unexpected pos 576 vs 534",
        "RuntimeError: basic_ios::clear: iostream error",
    ],
)
def test_pytorch_does_not_say_why_it_cannot_write(line: str, tmp_path: pathlib.Path) -> None:
    """So it is tried out, also where the checkpoints are."""
    assert "the disk is full, or a quota" in write_failed(str(tmp_path))
    assert write_failed(str(tmp_path)) in str(error_from_log(line, 1, str(tmp_path / "log")))
    assert str(refusal_now("/sys")) in str(error_from_log(line, 1, "/sys/log"))
    (tmp_path / "models").symlink_to("/sys")
    assert str(refusal_now("/sys")) in str(error_from_log(line, 1, str(tmp_path / "log")))


def test_data_that_were_removed() -> None:
    line = "OSError: [Errno 2] Unable to synchronously open file (unable to open file: errno = 2, No such file or dir)"
    text = str(error_from_log(f"parsing file /data/b.hdf\nFileNotFoundError: {line}\n", 1, "log"))
    assert "/data/b.hdf is not there: it was removed" in text and "damaged" not in text
