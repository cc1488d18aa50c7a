"""The files of checkpoints: on TensorFlow several with one prefix, on PyTorch one. Needs neither engine of jobs."""

from __future__ import annotations

import glob
import os
import re

INDEX, DATA, META = ".index", ".data-00000-of-00001", ".meta"
FILES = (DATA, META, INDEX)
"""All files of one of TensorFlow, in the order in which they are best written; RETURNN wants ``.meta`` to be there."""

PT, OPTIMIZER = ".pt", ".opt.pt"
"""The checkpoint of PyTorch, and the state of its optimizer, which stands beside it while it is trained."""

FILES_OF = {"tensorflow": FILES, "torch": (PT,)}
"""All files of a checkpoint by its engine, the last of which is ``Checkpoint.path``."""


def epoch_prefix(model_dir: str, epoch: int) -> str:
    """The prefix of the files of an epoch."""
    return os.path.join(model_dir, f"epoch.{epoch:03d}")


def is_complete(model_dir: str, epoch: int) -> bool:
    """Whether an epoch has all files of its checkpoint; RETURNN writes ``.meta`` last."""
    prefix = epoch_prefix(model_dir, epoch)
    return any(all(os.path.exists(prefix + ending) for ending in files) for files in FILES_OF.values())


def complete_epochs(model_dir: str) -> set[int]:
    """The epochs whose checkpoints have all their files."""
    epochs = set()
    names = set(os.listdir(model_dir)) if os.path.isdir(model_dir) else set()
    for name in names:
        match = re.fullmatch(r"epoch\.(\d+)\.(index|pt)", name)
        if match and (match[2] == "pt" or {f"epoch.{match[1]}{DATA}", f"epoch.{match[1]}{META}"} <= names):
            epochs.add(int(match[1]))
    return epochs


def remove_checkpoint(model_dir: str, epoch: int) -> None:
    """Removes all files of an epoch, first those without which it never looks complete."""
    prefix = epoch_prefix(model_dir, epoch)
    for path in [prefix + INDEX, prefix + PT, *sorted(glob.glob(glob.escape(prefix) + ".*"))]:
        if os.path.exists(path):
            os.remove(path)


def remove_incomplete(model_dir: str) -> None:
    """
    Removes files that a killed RETURNN left half written, also beside a complete checkpoint: on TensorFlow it writes
    that of the last epoch a second time.
    """
    complete = complete_epochs(model_dir)
    for name in os.listdir(model_dir):
        match = re.fullmatch(r"epoch\.(\d+)\..*", name)
        if name.startswith("epoch.") and (is_half_written(name) or not match or int(match[1]) not in complete):
            os.remove(os.path.join(model_dir, name))


def is_half_written(name: str) -> bool:
    """Whether a file is one that RETURNN, or a job, had not written to its end when it was killed."""
    return ".tempstate" in name or name.endswith((".part", ".tmp_write"))


def has_half_written(model_dir: str) -> bool:
    """Whether a killed RETURNN left such a file."""
    return os.path.isdir(model_dir) and any(map(is_half_written, os.listdir(model_dir)))


def epoch_of(path: str) -> int | None:
    """The epoch of a file of a checkpoint, by its name."""
    match = re.search(r"/models/epoch\.(\d+)\.(?:index|pt|meta|data-\S+)$", path)
    return int(match[1]) if match else None
