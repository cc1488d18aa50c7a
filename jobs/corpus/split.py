"""Jobs that divide a corpus into parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sisyphus import Job, Task, tk

from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.split import split_by_segment, split_by_speaker


class SplitJob(Job):
    """
    Base of jobs that divide a corpus; ``out_corpora`` has the parts by their names.

    :param corpus: as the reading jobs give it
    :param shares: by the name of a part, how much it gets, in any unit: ``{"train": 90, "dev": 5, "test": 5}``
    """

    def __init__(self, corpus: tk.Path, shares: Mapping[str, float]):
        self.corpus = corpus
        self.shares = dict(shares)

        self.out_corpora = {part: self.output_path(f"{part}.jsonl.gz") for part in shares}

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the parts.

        :raises ValueError: if a part would be empty
        """
        parts = self.split(Corpus.read(self.corpus.get_path()))
        for name, part in parts.items():
            part.write(self.out_corpora[name].get_path())

    def split(self, corpus: Corpus) -> dict[str, Corpus]:
        """The parts."""
        raise NotImplementedError


class SplitBySpeakerJob(SplitJob):
    """Parts without common speakers, by the MD5 of their names; shares of segments are met as well as that allows."""

    def split(self, corpus: Corpus) -> dict[str, Corpus]:
        """The parts."""
        return split_by_speaker(corpus, self.shares)


class SplitBySegmentJob(SplitJob):
    """
    Parts by the MD5 of the segments' names: what is added to a corpus moves no segment into another part. For corpora
    of one reader.
    """

    def split(self, corpus: Corpus) -> dict[str, Corpus]:
        """The parts."""
        return split_by_segment(corpus, self.shares)
