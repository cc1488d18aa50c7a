"""The job that averages the parameters of several checkpoints."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy
from sisyphus import Task, tk

from recipe.nn.plain.engine import check_engine

from .checkpoint import FILES_OF, Checkpoint, epoch_prefix, output_checkpoint
from .checkpoint_values import read_checkpoint, write_checkpoint
from .unhashed import JobWithUnhashedArguments


class AverageCheckpointsJob(JobWithUnhashedArguments):
    """
    The mean of each parameter over several epochs of a training.

    ``TrainingJob.average_of_last`` and ``average_of_best`` make this job and see to it that the training keeps what it
    asks for.

    :param model_dir: of a training
    :param epochs: numbers, or variables with numbers, as ``GetBestCheckpointJob.out_epoch``
    :param engine: of the training; hashed if it is not "tensorflow"
    :param mem_rqmt: GB; not hashed
    """

    unhashed = ("mem_rqmt",)
    __sis_hash_exclude__ = {"engine": "tensorflow"}
    engine: str = "tensorflow"  # of jobs that an earlier version saved

    def __init__(
        self,
        model_dir: tk.Path,
        epochs: Sequence[int | tk.Variable],
        *,
        engine: str = "tensorflow",
        mem_rqmt: float = 2,
    ):
        check_engine(engine)
        if not epochs:
            raise ValueError("an average needs at least one epoch")
        self.model_dir = model_dir
        self.epochs = epochs
        self.engine = engine

        self.out_checkpoint = output_checkpoint(self, "average", engine)

        self.rqmt = {"cpu": 1, "mem": mem_rqmt, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Averages; ``global_step`` is that of the last epoch.

        :raises FileNotFoundError: if a checkpoint is not there
        :raises ValueError: if they have not the same parameters
        """
        models = self.model_dir.get_path()
        epochs = sorted({epoch.get() if isinstance(epoch, tk.Variable) else epoch for epoch in self.epochs})
        ending = FILES_OF[self.engine][-1]
        checkpoints = [Checkpoint(tk.Path(epoch_prefix(models, epoch) + ending)) for epoch in epochs]
        for checkpoint in checkpoints:
            checkpoint.check_exists()
        print(f"average of the epochs {epochs}", flush=True)
        average = average_values([read_checkpoint(checkpoint) for checkpoint in checkpoints])
        write_checkpoint(self.out_checkpoint, average, like=checkpoints[-1])


def average_values(checkpoints: Sequence[dict[str, numpy.ndarray]]) -> dict[str, numpy.ndarray]:
    """
    The mean of each value over checkpoints; what is no float, as ``global_step``, is that of the last one.

    :raises ValueError: if they have not the same parameters
    """
    last = checkpoints[-1]
    for other in checkpoints:
        different = sorted(name for name in {*other, *last} if _shape(other, name) != _shape(last, name))
        if different:
            raise ValueError(f"the checkpoints do not have the same parameters: {', '.join(different)}")
    return {
        name: numpy.mean([checkpoint[name] for checkpoint in checkpoints], axis=0, dtype="float64").astype(value.dtype)
        if numpy.issubdtype(value.dtype, numpy.floating)
        else value
        for name, value in last.items()
    }


def _shape(checkpoint: dict[str, numpy.ndarray], name: str) -> tuple[int, ...] | None:
    return checkpoint[name].shape if name in checkpoint else None
