"""The job that makes references for scoring from text."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.text import lines_of_sequences

from ..references import Reference, write_references
from ..transcripts import write_trn


class TextToReferencesJob(Job):
    """
    The words of each line of a text as references: JSON lines for :class:`jobs.scoring.ScoringJob` and
    :class:`jobs.text.bleu.BleuJob`, TRN for :class:`jobs.sclite.ScliteJob`.

    :param text: a sentence a line, UTF-8, plain or ``.gz``; empty lines are left out. The tag is ``line-N``, N from 0,
        as that of RETURNN's LmDataset (:func:`recipe.data.text_dataset.text_dataset`)
    """

    def __init__(self, text: tk.Path):
        self.text = text

        self.out_references = self.output_path("references.jsonl")
        self.out_trn = self.output_path("references.trn")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes both.

        :raises ValueError: at a line that is not UTF-8, or that RETURNN does not take as it is; or without text
        """
        lines = [tuple(line.split()) for line in lines_of_sequences(self.text.get_path())]
        if not lines:
            raise ValueError(f"{self.text.get_path()} has no text, so there is nothing to score")
        words = {f"line-{number}": line for number, line in enumerate(lines)}
        write_trn(self.out_trn, {tag: [line] for tag, line in words.items()})
        write_references(self.out_references, {tag: Reference((line,)) for tag, line in words.items()})
