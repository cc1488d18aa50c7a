"""Jobs that fail as long as something is not mended."""

from __future__ import annotations

import os
from collections.abc import Iterator

from sisyphus import Job, Task, tk


class FailingJob(Job):
    """Counts its runs in its directory; fails unless there is a file ``mended`` in the setup."""

    def __init__(self, name: str):
        self.name = name
        self.setup = os.getcwd()
        self.out = self.output_path("runs")

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt={"cpu": 1, "mem": 1, "time": 1})

    def run(self) -> None:
        """Counts, then fails."""
        with open("runs", "a", encoding="utf-8") as file:
            file.write(f"{self.name}\n")
        if not os.path.exists(os.path.join(self.setup, "mended")):
            raise ValueError(f"{self.name} is not mended")
        os.replace("runs", self.out.get_path())


def py(*names: str) -> None:
    """One job by each name."""
    for name in names:
        job = FailingJob(name)
        job.add_alias(f"failing/{name}")
        tk.register_output(name, job.out)
