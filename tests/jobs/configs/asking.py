"""A job that asks for more when its inputs are there."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk


class NumberJob(Job):
    """Writes a number."""

    def __init__(self, number: int):
        self.number = number
        self.out = self.output_var("number")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Writes it."""
        self.out.set(self.number)


class AskingJob(Job):
    """Asks for the number after that of its input."""

    def __init__(self, first: tk.Variable):
        self.first = first
        self.out = self.output_var("number")

    def update(self) -> None:
        """Asks."""
        self.add_input(NumberJob(self.first.get() + 1).out)

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Writes it again."""
        self.out.set(self.first.get())
