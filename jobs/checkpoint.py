"""Checkpoints of RETURNN on TensorFlow: several files with one prefix."""

from __future__ import annotations

import glob
import os
import re

from sisyphus import tk


class Checkpoint:
    """
    One checkpoint. ``path`` is a real file (``.index``), so Sisyphus can wait for it.

    :param index_path: the ``.index`` file
    """

    def __init__(self, index_path: tk.Path):
        self.path = index_path

    def prefix(self) -> str:
        """What RETURNN's option ``load`` takes."""
        return self.path.get_path()[: -len(".index")]

    def exists(self) -> bool:
        """Whether its files are there."""
        return all(os.path.exists(self.prefix() + ending) for ending in (".index", ".data-00000-of-00001"))

    @staticmethod
    def remove(model_dir: str, epoch: int) -> None:
        """Removes all files of an epoch, the index first, so that it never looks complete."""
        prefix = os.path.join(model_dir, f"epoch.{epoch:03d}")
        for path in [prefix + ".index", *sorted(glob.glob(glob.escape(prefix) + ".*"))]:
            if os.path.exists(path):
                os.remove(path)

    def __repr__(self) -> str:
        return f"Checkpoint({self.path})"


def complete_epochs(model_dir: str) -> set[int]:
    """The epochs whose checkpoints have all their files."""
    epochs = set()
    names = set(os.listdir(model_dir)) if os.path.isdir(model_dir) else set()
    for name in names:
        match = re.fullmatch(r"epoch\.(\d+)\.index", name)
        if match and {f"epoch.{match[1]}.data-00000-of-00001", f"epoch.{match[1]}.meta"} <= names:
            epochs.add(int(match[1]))
    return epochs


def remove_incomplete(model_dir: str) -> None:
    """Removes files that a killed RETURNN left half written."""
    complete = complete_epochs(model_dir)
    for name in os.listdir(model_dir):
        match = re.fullmatch(r"epoch\.(\d+)\..*", name)
        if name.startswith("epoch.") and (not match or int(match[1]) not in complete or ".tempstate" in name):
            os.remove(os.path.join(model_dir, name))
