"""A training, and jobs that read single checkpoints of it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sisyphus import Job, Task, tk

from jobs.checkpoint import Checkpoint
from jobs.training import TrainingJob
from recipe import nn

from .tiny import tiny_model


class ReadingJob(Job):
    """Says how large a checkpoint is."""

    def __init__(self, checkpoint: tk.Path):
        self.checkpoint = checkpoint
        self.out = self.output_var("size")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Looks."""
        Checkpoint(self.checkpoint).check_exists()
        self.out.set(os.path.getsize(self.checkpoint.get_path()))


def py(*epochs: int) -> None:
    """Three epochs, some of which are read."""
    data = {"class": "HDFDataset", "files": [tk.Path("lexicon.tsv")]}
    training = TrainingJob(nn.Network(tiny_model()), data, data, num_epochs=3)
    training.add_alias("training")
    for epoch in epochs:
        job = ReadingJob(training.out_checkpoints[epoch].path)
        job.add_alias(f"reading/{epoch}")
        tk.register_output(f"size.{epoch}", job.out)
