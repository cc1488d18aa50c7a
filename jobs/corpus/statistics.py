"""The job that says what a corpus is like."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Task, tk

from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.in_order import in_order
from recipe.data.corpus.statistics import statistics, statistics_text

from ..atomic_file import write_json, write_text
from ..unhashed import JobWithUnhashedArguments
from .check import naming_the_check


class CorpusStatisticsJob(JobWithUnhashedArguments):
    """
    Hours, lengths as a histogram, speakers, words and characters of a corpus; of the sound, headers are read.

    :param corpus: as the reading jobs give it
    :param cpu_rqmt: processes that open recordings; not hashed
    """

    unhashed = ("cpu_rqmt",)

    def __init__(self, corpus: tk.Path, *, cpu_rqmt: int = 1):
        self.corpus = corpus

        self.out_text = self.output_path("statistics.txt")
        self.out_json = self.output_path("statistics.json")
        self.out_hours = self.output_var("hours")
        self.out_characters = self.output_var("characters")

        self.rqmt = {"cpu": cpu_rqmt, "mem": 2, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes them.

        :raises ValueError: at a recording that cannot be read
        """
        from recipe.data.corpus.audio import segment_duration

        corpus = Corpus.read(self.corpus.get_path())
        durations = in_order(segment_duration, corpus, int(self.rqmt["cpu"]))
        found = statistics(corpus, list(naming_the_check(durations)))
        write_text(self.out_text, statistics_text(found))
        write_json(self.out_json, found)
        self.out_hours.set(found["hours"])
        self.out_characters.set("".join(found["characters"]))
