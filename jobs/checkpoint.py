"""Checkpoints of RETURNN: on TensorFlow several files with one prefix, on PyTorch one file."""

from __future__ import annotations

import os
import shutil
from typing import Any

from sisyphus import Job, tk

from recipe import nn
from recipe.nn.program.parameter_agreement import UndecidedSize, undecided_sizes

from .checkpoint_files import (
    DATA,
    FILES,
    FILES_OF,
    INDEX,
    META,
    OPTIMIZER,
    PT,
    complete_epochs,
    epoch_prefix,
    is_complete,
    remove_checkpoint,
    remove_incomplete,
)
from .removed_checkpoint import missing_files
from .returnn_errors import ReturnnError

__all__ = [
    "DATA",
    "FILES",
    "FILES_OF",
    "INDEX",
    "META",
    "OPTIMIZER",
    "PT",
    "Checkpoint",
    "check_room",
    "complete_epochs",
    "epoch_prefix",
    "is_complete",
    "output_checkpoint",
    "remove_checkpoint",
    "remove_incomplete",
]


class Checkpoint:
    """
    One checkpoint. ``path`` is a real file (``.index`` or ``.pt``), so Sisyphus can wait for it.

    :param path: the ``.index`` file of TensorFlow, or the ``.pt`` file of PyTorch
    :param network: what was trained, if that is known: then what loads the checkpoint is checked against it; not hashed
    :raises ValueError: if the file is none of these
    """

    def __init__(self, path: tk.Path, network: nn.Network | None = None):
        self.path = path
        self.network = network
        _ = self.engine  # an error is to come where the checkpoint is named

    @property
    def engine(self) -> str:
        """ "tensorflow" or "torch", by the ending of the file; :func:`jobs.convert_checkpoint.for_engine` converts."""
        name = self.path.get_path()
        for engine, files in FILES_OF.items():
            if name.endswith(files[-1]):
                return engine
        raise ValueError(
            f"{name} is no checkpoint: give the .index file of one of TensorFlow, or the .pt file of one of PyTorch"
        )

    def of(self, network: nn.Network | None) -> Checkpoint:
        """The same one, with what was trained."""
        return Checkpoint(self.path, network)

    def check_loaded_by(self, network: nn.Network) -> None:
        """
        Checks that it has all parameters of a network, if it is known which one it is of.

        :raises NetworkError: if it does not: what is missing, what only the checkpoint has, what differs
        """
        if self.network is not None:
            nn.check_parameters(self.network, network, ignore_extra=True)

    def undecided_sizes(self, network: nn.Network) -> list[UndecidedSize]:
        """What :meth:`check_loaded_by` cannot compare yet, because a job gives a size."""
        return undecided_sizes(self.network, network) if self.network is not None else []

    @property
    def files(self) -> tuple[str, ...]:
        """The endings of its files, in the order in which they are best written."""
        return FILES_OF[self.engine]

    def prefix(self) -> str:
        """What RETURNN's option ``load`` takes."""
        return self.path.get_path()[: -len(self.files[-1])]

    def exists(self) -> bool:
        """Whether its files are there."""
        return all(os.path.exists(self.prefix() + ending) for ending in self.files)

    def check_exists(self) -> None:
        """
        :raises FileNotFoundError: if a file of it is missing
        """
        for ending in self.files:
            if not os.path.exists(self.prefix() + ending):
                raise FileNotFoundError(missing_files(self.prefix(), ending))

    def copy_from(self, prefix: str) -> None:
        """
        Takes over the files of another checkpoint of this engine, ``path`` last: hard links where the file system can,
        else copies.

        :param prefix: of the other one
        """
        os.makedirs(os.path.dirname(self.prefix()), exist_ok=True)
        for ending in self.files:
            source, target = prefix + ending, self.prefix() + ending
            if os.path.exists(target + ".part"):
                os.remove(target + ".part")
            try:
                os.link(source, target + ".part")
            except OSError:
                shutil.copyfile(source, target + ".part")
            os.replace(target + ".part", target)

    def __sis_state__(self) -> dict[str, Any]:
        return {"path": self.path}

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "network": None}  # a task needs the file alone

    def __deepcopy__(self, memo: dict) -> Checkpoint:
        return self

    def __repr__(self) -> str:
        return f"Checkpoint({self.path})"


def output_checkpoint(job: Job, prefix: str, engine: str, network: nn.Network | None = None) -> Checkpoint:
    """
    A checkpoint that a job makes, as one of its outputs.

    :param prefix: of its files, within the outputs of the job
    :param engine: which writes it
    :param network: what was trained, if that is known
    """
    return Checkpoint(job.output_path(prefix + FILES_OF[engine][-1]), network)


def check_room(model_dir: str, num_params: int) -> None:
    """
    :raises ReturnnError: if there is no room for two checkpoints with so many parameters
    """
    needed, free = 2 * 4 * num_params, shutil.disk_usage(model_dir).free
    if free < needed:
        raise ReturnnError(
            f"the disk is full: two checkpoints need {needed / 1e6:.1f} MB, and where {model_dir} is, "
            f"{free / 1e6:.1f} MB are free: make room and start again"
        )
