"""The job that makes references for scoring from a pronunciation lexicon."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.lexicon import read_lexicon

from .references import Reference, write_references
from .transcripts import write_trn


class LexiconToReferencesJob(Job):
    """
    All pronunciations of each word as its references, as JSON lines for ScoringJob and as TRN for ScliteJob.

    :param lexicon: lines ``word<TAB>phones``
    """

    def __init__(self, lexicon: tk.Path):
        self.lexicon = lexicon

        self.out_references = self.output_path("references.jsonl")
        self.out_trn = self.output_path("references.trn")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes both.

        :raises ValueError: at a line of the lexicon that is none; the message names file and line
        """
        lexicon = read_lexicon(self.lexicon.get_path())
        write_trn(self.out_trn, lexicon)
        write_references(
            self.out_references, {word: Reference(tuple(pronunciations)) for word, pronunciations in lexicon.items()}
        )
