"""The job that scores pronunciations: word and phone error rate."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sisyphus import Job, Task, tk

from recipe.data.lexicon import read_lexicon

from .alignments import write_alignments
from .atomic_file import write_json, write_text
from .error_report import SequenceScore, report, score
from .hypotheses import Hypothesis, Labels, read_hypotheses
from .references import Reference
from .report_text import report_text


class PronunciationScoringJob(Job):
    """
    Word and phone error rate of pronunciations, with several right ones per word.

    A word is wrong if its hypothesis is none of its pronunciations; its phone errors are counted as by
    :class:`jobs.scoring.ScoringJob`.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`; the best one of each word is scored
    :param lexicon: lines ``word<TAB>phones``; its words are scored
    """

    def __init__(self, hypotheses: tk.Path, lexicon: tk.Path):
        self.hypotheses = hypotheses
        self.lexicon = lexicon

        self.out_wer = self.output_var("wer")
        self.out_per = self.output_var("per")
        self.out_alignments = self.output_path("alignments.jsonl")
        self.out_report = self.output_path("report.json")
        self.out_report_text = self.output_path("report.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Scores and writes the rates in percent, and the reports.

        :raises ValueError: at a malformed line, a word twice, or a word that is not in the lexicon
        """
        hypotheses = read_hypotheses(self.hypotheses.get_path())
        scores = score_pronunciations(read_lexicon(self.lexicon.get_path()), hypotheses)
        figures = report(scores, label="phone", sequence="word")
        write_alignments(self.out_alignments, scores)
        write_json(self.out_report, figures)
        write_text(self.out_report_text, report_text(figures))
        self.out_per.set(figures["error_rate"])
        self.out_wer.set(figures["sequence_error_rate"])


def score_pronunciations(
    lexicon: Mapping[str, Sequence[Labels]], hypotheses: Mapping[str, Sequence[Hypothesis]]
) -> list[SequenceScore]:
    """
    Scores each word of a lexicon.

    :raises ValueError: if a hypothesis is of a word that is not in the lexicon, or the lexicon is empty
    """
    return score({word: Reference(tuple(pronunciations)) for word, pronunciations in lexicon.items()}, hypotheses)
