"""The job that picks the best checkpoint of a training by one of its scores."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.nn.plain.engine import check_engine

from .checkpoint import complete_epochs, epoch_prefix, output_checkpoint
from .learning_rates import best_epochs, read_learning_rates


class GetBestCheckpointJob(Job):
    """
    The best checkpoint by a score, of those that are still there. An epoch whose score is NaN is never taken.

    ``TrainingJob.best_checkpoint`` makes this job and sees to it that the training keeps what it asks for.

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

        :raises ValueError: if there is no such score, or fewer checkpoints with it than asked for
        """
        models, path = self.model_dir.get_path(), self.learning_rates.get_path()
        epochs = read_learning_rates(path)
        try:
            ranked = best_epochs(epochs, self.key)
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from error
        there = complete_epochs(models)
        candidates = [epoch for epoch in ranked if epoch in there]
        if self.index >= len(candidates):
            raise ValueError(
                f"index {self.index} by {self.key!r}: only {len(candidates)} epochs with that score still have a "
                f"checkpoint in {models}: {candidates}. Let the training keep more (keep_epochs, best_checkpoint)"
            )
        epoch = candidates[self.index]
        removed = [other for other in ranked[: ranked.index(epoch)] if other not in there]
        if removed:
            print(f"epochs {removed} are better by {self.key!r} than epoch {epoch}, but have no checkpoint any more")
        self.out_checkpoint.copy_from(epoch_prefix(models, epoch))
        self.out_score.set(epochs[epoch].scores[self.key])
        self.out_epoch.set(epoch)
