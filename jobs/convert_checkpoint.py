"""The job that converts a checkpoint to the other engine."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import numpy
from sisyphus import Task, tk

from recipe.nn.plain.engine import check_engine

from .checkpoint import Checkpoint, output_checkpoint
from .checkpoint_values import GLOBAL_STEP, read_checkpoint, write_checkpoint
from .engines import check_engine_is_installed, warn_if_missing
from .unhashed import JobWithUnhashedArguments


class ConvertCheckpointJob(JobWithUnhashedArguments):
    """
    The same parameters as a checkpoint of another engine: no bit of them changes, also not there and back. It needs
    both engines to be installed.

    Names follow the engine: ``encoder/layers/0/W`` is ``encoder.layers.0.W`` on PyTorch. ``global_step`` is converted,
    too; the state of an optimizer is not.

    :func:`for_engine` makes this job where a checkpoint is of another engine than the job that is to load it.

    :param checkpoint: the ``.index`` file of TensorFlow, or the ``.pt`` file of PyTorch
    :param engine: what to convert to, "tensorflow" or "torch"
    :param names: the parameters to take, as names in the checkpoint by names in the new one; default: all, as they are
    :param ignore_missing: whether the checkpoint may lack some of ``names``
    :param mem_rqmt: GB; not hashed
    """

    unhashed = ("mem_rqmt",)
    __sis_hash_exclude__ = {"names": None, "ignore_missing": False}

    def __init__(
        self,
        checkpoint: tk.Path,
        engine: str,
        *,
        names: dict[str, str] | None = None,
        ignore_missing: bool = False,
        mem_rqmt: float = 2,
    ):
        check_engine(engine)
        self.checkpoint = checkpoint
        self.engine = engine
        self.names = names
        self.ignore_missing = ignore_missing

        for one in (Checkpoint(checkpoint).engine, engine):
            warn_if_missing(one)
        prefix = os.path.basename(Checkpoint(checkpoint).prefix())
        self.out_checkpoint = output_checkpoint(self, prefix, engine)

        self.rqmt = {"cpu": 1, "mem": mem_rqmt, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Converts.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises MissingEngine: if one of the engines is not installed
        :raises ValueError: if the checkpoint cannot be read, lacks one of ``names``, or has a name that the engine
            cannot have
        """
        checkpoint = Checkpoint(self.checkpoint)
        checkpoint.check_exists()
        for engine in (checkpoint.engine, self.engine):
            check_engine_is_installed(engine)
        values = read_checkpoint(checkpoint)
        if self.names is not None:
            values = renamed(values, self.names, checkpoint.prefix(), ignore_missing=self.ignore_missing)
        print(f"{len(values)} values from {self.checkpoint.get_path()}", flush=True)
        write_checkpoint(self.out_checkpoint, values, like=checkpoint)


def renamed(
    values: Mapping[str, numpy.ndarray], names: Mapping[str, str], prefix: str, *, ignore_missing: bool = False
) -> dict[str, numpy.ndarray]:
    """
    Some values of a checkpoint under new names, and ``global_step``.

    :param values: of the checkpoint
    :param names: the names there by the new ones
    :param prefix: of the checkpoint, for the message
    :param ignore_missing: whether to leave out what is not there
    :raises ValueError: if a value is not there
    """
    missing = sorted(name for name in names.values() if name not in values)
    if missing and not ignore_missing:
        raise ValueError(f"the checkpoint {prefix} has no {', '.join(missing)}")
    found = {name: values[there] for name, there in names.items() if there in values}
    return {**found, **({GLOBAL_STEP: values[GLOBAL_STEP]} if GLOBAL_STEP in values else {})}


def for_engine(checkpoint: Checkpoint, engine: str) -> Checkpoint:
    """
    The checkpoint, or, if it is of another engine, that of the job that converts it.

    :param checkpoint: of any engine
    :param engine: "tensorflow" or "torch"
    """
    if checkpoint.engine == engine:
        return checkpoint
    return ConvertCheckpointJob(checkpoint.path, engine).out_checkpoint.of(checkpoint.network)
