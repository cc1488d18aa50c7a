"""The job that puts the pieces of hypotheses together to words."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.data.subwords import NO_TEXT, words_of

from ..hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from ..transcripts import write_trn


class SubwordsToWordsJob(Job):
    """
    Hypotheses of subwords as hypotheses of words, for the jobs that score.

    Hypotheses of a sequence that are the same words stand there once, with the score of the best of them.

    - ``out_hypotheses``: JSON lines with words as labels
    - ``out_trn``: the best ones as TRN, for :class:`jobs.sclite.ScliteJob`

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`, with pieces of SentencePiece as labels
    :param drop: labels that stand for no text
    """

    __sis_hash_exclude__ = {"drop": NO_TEXT}

    def __init__(self, hypotheses: tk.Path, *, drop: Sequence[str] = NO_TEXT):
        self.hypotheses = hypotheses
        self.drop = drop

        self.out_hypotheses = self.output_path("hypotheses.jsonl")
        self.out_trn = self.output_path("hypotheses.trn")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes both files.

        :raises ValueError: at a malformed line; the message names file and line
        """
        found = read_hypotheses(self.hypotheses.get_path())
        words = {tag: self._joined(items) for tag, items in found.items()}
        write_trn(self.out_trn, {tag: [items[0].labels if items else ()] for tag, items in words.items()})
        write_hypotheses(self.out_hypotheses, words)

    def _joined(self, items: Sequence[Hypothesis]) -> list[Hypothesis]:
        best: dict[tuple[str, ...], Hypothesis] = {}
        for item in items:
            words = words_of(item.labels, drop=self.drop)
            best.setdefault(words, Hypothesis(words, item.score))
        return list(best.values())
