"""The job that picks the best checkpoint of a training by one of its scores."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence

from sisyphus import Job, Task, tk

from recipe.nn.plain.engine import check_engine

from .checkpoint import complete_epochs, epoch_prefix, output_checkpoint
from .learning_rates import EpochData, best_epochs, read_learning_rates
from .removed_checkpoint import removed_checkpoint


class GetBestCheckpointJob(Job):
    """
    The best checkpoint by a score. An epoch whose score is NaN is never taken.

    ``TrainingJob.best_checkpoint`` makes this job and sees to it that the training keeps what it asks for. If that was
    removed all the same, this is an error: a worse one under the name of the best would be a wrong result.

    :param model_dir: of a training
    :param learning_rates: its learning-rate file
    :param key: of the score in that file, as ``dev_score``, or ``dev_loss_cross_entropy`` on PyTorch; lower is better
    :param index: 0 is the best, 1 the second best, ...
    :param engine: of the training; hashed if it is not "tensorflow"
    """

    __sis_hash_exclude__ = {"engine": "tensorflow"}

    def __init__(
        self, model_dir: tk.Path, learning_rates: tk.Path, key: str, index: int = 0, *, engine: str = "tensorflow"
    ):
        check_engine(engine)
        if index < 0:
            raise ValueError(f"index counts from the best, 0, 1, ..., not {index}")
        self.model_dir = model_dir
        self.learning_rates = learning_rates
        self.key = key
        self.index = index

        self.out_epoch = self.output_var("epoch")
        self.out_score = self.output_var("score")
        self.out_checkpoint = output_checkpoint(self, "checkpoint", engine)

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Links the files of the checkpoint.

        :raises ValueError: if there is no such score, or fewer epochs with it than asked for
        :raises FileNotFoundError: if the checkpoint was removed; the message names the best of those that are there
        """
        models, path = self.model_dir.get_path(), self.learning_rates.get_path()
        epochs = read_learning_rates(path)
        try:
            ranked = best_epochs(epochs, self.key)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        if self.index >= len(ranked):
            raise ValueError(
                f"index {self.index} by {self.key!r}: {path} has that score of the epochs {sorted(ranked)} alone"
            )
        epoch = ranked[self.index]
        if epoch not in complete_epochs(models):
            raise FileNotFoundError(self._removed(epoch, ranked, epochs))
        self.out_checkpoint.copy_from(epoch_prefix(models, epoch))
        self.out_score.set(epochs[epoch].scores[self.key])
        self.out_epoch.set(epoch)

    def _removed(self, epoch: int, ranked: Sequence[int], epochs: Mapping[int, EpochData]) -> str:
        """What is said of the checkpoint that is wanted."""
        models = self.model_dir.get_path()
        rank = "best" if self.index == 0 else f"best but {self.index}"
        text = removed_checkpoint(models, epoch, os.path.dirname(os.path.dirname(models)))
        there = [other for other in ranked if other in complete_epochs(models)]
        if there:
            score = epochs[there[0]].scores[self.key]
            text += f". The best of those that are there is epoch {there[0]} ({score:.4g}): out_checkpoints[{there[0]}]"
        score = epochs[epoch].scores[self.key]
        return f"epoch {epoch} is the {rank} by {self.key!r} ({score:.4g}), but {text}"
