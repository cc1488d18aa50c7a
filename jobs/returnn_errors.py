"""Why RETURNN failed, by its log: it ends with status 1 whatever went wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from .file_system_errors import WRITER_FAILED, refusal_in, refusal_now, write_failed


class ReturnnError(RuntimeError):
    """
    RETURNN failed. The message has the cause found in its log, and where the log is.

    :ivar is_unreadable_checkpoint: whether it could not read the checkpoint that it was to start from
    """

    is_unreadable_checkpoint = False


_UNREADABLE_CHECKPOINT = (
    r"Read less bytes than requested|file is too short to be an sstable|not an sstable[^\n]*|DataLossError: [^\n]*|"
    r"Unsuccessful TensorSliceReader[^\n]*|Perhaps the file is corrupt[^\n]*|block checksum mismatch|"
    r"PytorchStreamReader failed[^\n]*|UnpicklingError: [^\n]*|EOFError: Ran out of input|invalid magic number[^\n]*|"
    r"unexpected EOF, expected \d+ more bytes[^\n]*"
)
"""What TensorFlow and PyTorch say when files of a checkpoint were cut short or changed."""

_FIRST_STEP = r"train epoch \d+, step \d+|search, step \d+|ep \d+ \w[^\n]*, step \d+"
"""What fails after that was no checkpoint: it had been read."""

_UNREADABLE_DATA = r"Unable to (?:synchronously )?open (?:file|object)[^\n]*|OSError: [^\n]*\.hdf[^\n]*"


def error_from_log(text: str, status: int, log: str) -> ReturnnError:
    """
    The error that says what happened and what to do.

    Where the disk is full or lost, the message itself may not have got into the log: then it is tried out.

    :param text: what RETURNN wrote in this run
    :param status: its exit status
    :param log: path of the whole log
    """
    text = re.sub(r"\x1b\[[0-9;]*m", "", text)
    refusal = refusal_in(text)
    error = ReturnnError(f"RETURNN ended with status {status}: {refusal or _cause(text, log)}\nIts whole log: {log}")
    error.is_unreadable_checkpoint = refusal is None and bool(
        re.search(_UNREADABLE_CHECKPOINT, re.split(_FIRST_STEP, text)[0])
    )  # what a lost file system could not read is not to be removed
    return error


def _cause(text: str, log: str) -> str:
    directory = os.path.dirname(log)
    if re.search(WRITER_FAILED, text):
        return write_failed(directory)
    matches = [(re.search(pattern, text), explain) for pattern, explain in _CAUSES]
    causes = [explain(match) for match, explain in matches if match]
    if causes:
        return causes[0]
    lines = [line for line in text.splitlines() if re.match(r"\S*(Error|Exception)\b", line.strip())]
    return refusal_now(directory) or (lines[-1].strip() if lines else "no error message was found")


def was_killed(text: str) -> bool:
    """Whether ``torchrun`` says that one of its processes was ended by SIGKILL, as for want of memory."""
    return bool(re.search(r"exitcode\s*:\s*-9\b|Signal 9 \(SIGKILL\)", text))


def _always(text: str) -> Callable[[re.Match[str]], str]:
    return lambda match: text


def _not_finite(match: re.Match[str]) -> str:
    before = match.string[: match.start()]
    epochs = re.findall(r"start epoch (\d+)", before)
    where = f"in epoch {epochs[-1]}, step {match[1]}" if epochs else f"in step {match[1]}"
    return (
        f"the training score became inf or nan {where}: use a smaller learning rate, or gradient clipping "
        "(gradient_clip_global_norm); the last complete checkpoint is kept"
    )


def _unreadable_data(match: re.Match[str]) -> str:
    files = re.findall(r"parsing file (\S.*)", match.string[: match.start()])
    name = files[-1].strip() if files else "an HDF file of the data"
    if "No such file" in match[0]:
        return f"{name} is not there: it was removed, or is not to be seen from {os.uname().nodename}"
    return f"{name} cannot be read ({match[0].strip()}): it is damaged or no HDF file; make it again"


_CAUSES: tuple[tuple[str, Callable[[re.Match[str]], str]], ...] = (
    (r"Inf/nan score in step (\d+)", _not_finite),
    (
        r"OOM when allocating|std::bad_alloc|\bMemoryError\b|CUDA_ERROR_OUT_OF_MEMORY|[Oo]ut of memory|"
        r"DefaultCPUAllocator: (?:can't allocate|not enough) memory|CUBLAS_STATUS_ALLOC_FAILED|"
        r"DataLoader worker [^\n]*killed by signal: Killed",
        _always("out of memory: use smaller batches (batch_size, max_seqs), or ask for more (mem_rqmt)"),
    ),
    (
        r"FileNotFoundError: .*'g\+\+'",
        _always("g++ is not installed, which RETURNN needs for its native ops: install g++"),
    ),
    (
        r"NVIDIA driver on your system is too old[^\n]*",
        _always("the driver of the GPU is older than the CUDA of PyTorch: update it, or install a build for its CUDA"),
    ),
    (
        r"No GPU device found, but config requested 'gpu' device",
        _always(
            'PyTorch finds no GPU: give device="cpu", or look into the log, which says what it tried; a driver that is '
            "older than the CUDA of PyTorch is a reason"
        ),
    ),
    (
        r"no kernel image is available for execution on the device",
        _always("PyTorch was not built for this GPU: install a build that has its compute capability, or use another"),
    ),
    (
        r"Torch not compiled with CUDA enabled",
        _always('PyTorch was built without CUDA: install a build for the CUDA of this machine, or give device="cpu"'),
    ),
    (
        r"ModuleNotFoundError: No module named '(tensorflow|torch)'",
        lambda match: (
            f'{match[1]} is not installed. The extra "{match[1]}" of this setup installs it: make venv '
            f'ENGINE={match[1]}, or pip install ".[{match[1]}]"'
        ),
    ),
    (
        r"ModuleNotFoundError: No module named 'horovod'",
        _always("Horovod is not installed: pip install horovod[tensorflow], or leave horovod_num_processes out"),
    ),
    (
        r"TensorArray has size zero|is not in \[0, 0\)|assert shape\[0\]\.max_value\(\) > 0",
        _always(
            "in one of the batches no sequence has a frame in an input, which RETURNN on TensorFlow does not compute "
            'here: take such sequences out of the data, or use engine="torch", which can'
        ),
    ),
    (_UNREADABLE_DATA, _unreadable_data),
    (
        _UNREADABLE_CHECKPOINT,
        lambda match: f"the checkpoint that it was to start from cannot be read ({match[0].strip()}): it is damaged",
    ),
)
