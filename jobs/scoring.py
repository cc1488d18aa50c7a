"""The job that scores hypotheses: word, phone or character error rate."""

from __future__ import annotations

from collections.abc import Iterator

from sisyphus import Job, Task, tk

from .alignments import write_alignments
from .atomic_file import write_json, write_text
from .edit_distance import LEVENSHTEIN, SCLITE
from .error_report import report, score
from .hypotheses import Labels, read_hypotheses
from .references import Reference, read_references
from .report_text import report_text

UNITS = ("word", "phone", "character")


class ScoringJob(Job):
    """
    The error rate of labels, with several right transcripts a sequence where there are several.

    The errors are counted against the reference with the fewest (of several, the longest), and the rate is by the
    length of those chosen. A sequence without hypothesis counts as an empty one. Rates are percent, with 2 digits.

    - ``out_wer``: the rate, of whatever ``unit`` says; ``out_num_errors``, ``out_num_substitution``,
      ``out_num_deletion``, ``out_num_insertion``, ``out_ref_words``
    - ``out_sentence_error_rate``: of sequences with any error; ``out_oracle_wer``: of the best hypotheses in the beam
    - ``out_confidence_interval``: 95 %, by bootstrap over sequences: [low, high]
    - ``out_alignments``: each sequence aligned with its reference, see :mod:`jobs.alignments`
    - ``out_report``, ``out_report_text``: all of it, with lines by speaker, confusions and the worst sequences

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`
    :param references: JSON lines, see :mod:`jobs.references`
    :param unit: what the labels are: "word" or "phone"; "character": the characters of the labels are compared,
        as by ``sclite -c``
    :param alignment: "levenshtein" (fewest errors), or "sclite" (substitutions weigh 4, insertions and deletions 3)
    """

    def __init__(self, hypotheses: tk.Path, references: tk.Path, *, unit: str = "word", alignment: str = LEVENSHTEIN):
        if unit not in UNITS:
            raise ValueError(f"unit is one of {', '.join(UNITS)}, not {unit!r}")
        if alignment not in (LEVENSHTEIN, SCLITE):
            raise ValueError(f"alignment is {LEVENSHTEIN!r} or {SCLITE!r}, not {alignment!r}")
        self.hypotheses = hypotheses
        self.references = references
        self.unit = unit
        self.alignment = alignment

        self.out_wer = self.output_var("wer")
        self.out_num_errors = self.output_var("num_errors")
        self.out_num_substitution = self.output_var("num_substitution")
        self.out_num_deletion = self.output_var("num_deletion")
        self.out_num_insertion = self.output_var("num_insertion")
        self.out_ref_words = self.output_var("ref_words")
        self.out_sentence_error_rate = self.output_var("sentence_error_rate")
        self.out_oracle_wer = self.output_var("oracle_wer")
        self.out_confidence_interval = self.output_var("confidence_interval")
        self.out_alignments = self.output_path("alignments.jsonl")
        self.out_report = self.output_path("report.json")
        self.out_report_text = self.output_path("report.txt")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Scores.

        :raises ValueError: at a malformed line, a sequence twice, or one that has no reference
        """
        references = read_references(self.references.get_path())
        hypotheses = read_hypotheses(self.hypotheses.get_path())
        if self.unit == "character":
            references = {tag: item._replace(transcripts=_all_characters(item)) for tag, item in references.items()}
            hypotheses = {
                tag: [item._replace(labels=characters(item.labels)) for item in items]
                for tag, items in hypotheses.items()
            }
        scores = score(references, hypotheses, weights=self.alignment)
        figures = report(scores, label=self.unit)
        write_alignments(self.out_alignments, scores)
        write_json(self.out_report, figures)
        write_text(self.out_report_text, report_text(figures))
        for variable, key in (
            (self.out_num_errors, "errors"),
            (self.out_num_substitution, "substitutions"),
            (self.out_num_deletion, "deletions"),
            (self.out_num_insertion, "insertions"),
            (self.out_ref_words, "reference_labels"),
            (self.out_sentence_error_rate, "sequence_error_rate"),
            (self.out_oracle_wer, "oracle_error_rate"),
            (self.out_confidence_interval, "confidence_interval"),
            (self.out_wer, "error_rate"),
        ):
            variable.set(figures[key])


def characters(labels: Labels) -> Labels:
    """The characters of labels, without spaces between labels."""
    return tuple("".join(labels))


def _all_characters(reference: Reference) -> tuple[Labels, ...]:
    return tuple(characters(labels) for labels in reference.transcripts)
