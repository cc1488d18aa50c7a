"""The job that writes hypotheses as NIST's scoring tools read them."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from .hypotheses import read_hypotheses
from .transcripts import write_trn


class HypothesesToTrnJob(Job):
    """
    The best hypothesis of each sequence as TRN, for :class:`jobs.sclite.ScliteJob`.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`
    """

    def __init__(self, hypotheses: tk.Path):
        self.hypotheses = hypotheses

        self.out_trn = self.output_path("hypotheses.trn")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the file.

        :raises ValueError: at a malformed line; the message names file and line
        """
        found = read_hypotheses(self.hypotheses.get_path())
        write_trn(self.out_trn, {tag: [items[0].labels if items else ()] for tag, items in found.items()})
