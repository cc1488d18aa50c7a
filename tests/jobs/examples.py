"""Jobs for tests."""

from __future__ import annotations

from collections.abc import Iterator

import numpy
from sisyphus import Job, Task


class CountJob(Job):
    """Gives a size, a number, names of labels and a file that a network can take."""

    def __init__(self, size: int):
        self.size = size
        self.out_size = self.output_var("size")
        self.out_scale = self.output_var("scale")
        self.out_labels = self.output_var("labels")
        self.out_embedding = self.output_path("embedding.npy")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Writes them."""
        self.out_size.set(self.size)
        self.out_scale.set(0.25)
        self.out_labels.set([f"label{number}" for number in range(self.size)])
        numpy.save(self.out_embedding.get_path(), numpy.ones((self.size, 3), "float32"))
