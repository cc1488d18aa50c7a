"""The job that takes text as hypotheses: what another program found, or a baseline."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.text import read_lines

from ..hypotheses import Hypothesis, write_hypotheses


class TextToHypothesesJob(Job):
    """
    The words of each line of a text as the only hypothesis of a sequence, for the jobs that score.

    :param text: a sentence a line, UTF-8, plain or ``.gz``; the tag is ``line-N``, N from 0. Unlike those of
        :class:`jobs.text.references.TextToReferencesJob` empty lines count: nothing was found there
    """

    def __init__(self, text: tk.Path):
        self.text = text

        self.out_hypotheses = self.output_path("hypotheses.jsonl")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the file.

        :raises ValueError: at a line that is not UTF-8
        """
        lines = read_lines(self.text.get_path())
        found = {f"line-{n}": [Hypothesis(tuple(line.split()), float("nan"))] for n, line in enumerate(lines)}
        write_hypotheses(self.out_hypotheses, found)
