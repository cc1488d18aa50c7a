"""The job that makes a checkpoint of an old network one of the module that the network became."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from sisyphus import Task, tk

from recipe.nn.plain.engine import check_engine

from .checkpoint import Checkpoint, output_checkpoint
from .checkpoint_values import GLOBAL_STEP, read_checkpoint, write_checkpoint
from .engines import check_engine_is_installed, warn_if_missing
from .old_parameters import old_parameters
from .unhashed import JobWithUnhashedArguments


class OldCheckpointJob(JobWithUnhashedArguments):
    """
    A checkpoint of a hand-written net dict, as one of the module that ``python -m recipe.from_net_dict`` wrote for it:
    its names, and today's layouts of LSTMs and batch normalization. A training starts with it by ``Preload``, and a
    search takes it as it is; ``out_checkpoint.of(network)`` is checked against the network where it is loaded.

    :param checkpoint: the ``.index`` file of the old training, of RETURNN on TensorFlow
    :param name_map: ``NAME_MAP`` of the module
    :param engine: of the new checkpoint, "tensorflow" or "torch"
    :param mem_rqmt: GB; not hashed
    :raises ValueError: if the checkpoint is not one of TensorFlow
    """

    unhashed = ("mem_rqmt",)

    def __init__(
        self,
        checkpoint: tk.Path,
        name_map: Mapping[str, str],
        *,
        engine: str = "tensorflow",
        mem_rqmt: float = 2,
    ):
        check_engine(engine)
        old = Checkpoint(checkpoint)
        if old.engine != "tensorflow":
            raise ValueError(
                f"{checkpoint.get_path()} is no checkpoint of RETURNN on TensorFlow, as net dicts have them"
            )
        self.checkpoint = checkpoint
        self.name_map = dict(name_map)
        self.engine = engine
        for one in ("tensorflow", engine):
            warn_if_missing(one)
        self.out_checkpoint = output_checkpoint(self, os.path.basename(old.prefix()), engine)

        self.rqmt = {"cpu": 1, "mem": mem_rqmt, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Converts.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises MissingEngine: if TensorFlow, or the engine, is not installed
        :raises ValueError: if the checkpoint cannot be read, or lacks a parameter
        """
        old = Checkpoint(self.checkpoint)
        old.check_exists()
        for engine in ("tensorflow", self.engine):
            check_engine_is_installed(engine)
        values = read_checkpoint(old)
        found = old_parameters(values, self.name_map)
        if GLOBAL_STEP in values:
            found[GLOBAL_STEP] = values[GLOBAL_STEP]
        print(f"{len(found)} of {len(values)} values from {self.checkpoint.get_path()}", flush=True)
        write_checkpoint(self.out_checkpoint, found, like=old)
