"""The job that searches the most probable labels with the probabilities of a CTC model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy
from sisyphus import Job, Task, tk

from recipe.data.hdf import read_sequences

from .ctc_alignment import check_log_probs
from .hypotheses import Hypothesis, write_hypotheses


class CtcPrefixSearchJob(Job):
    """
    Prefix beam search (Graves 2012, "Supervised sequence labelling", 7.5.3; Hannun et al. 2014).

    What is searched are labels, not alignments: the probabilities of all alignments of a prefix are added up. The best
    alignment, collapsed (:class:`jobs.ctc_collapse.CtcCollapseJob`), may stand for less probable labels.

    - ``out_hypotheses``: JSON lines as of :class:`jobs.search.SearchJob`, all hypotheses that are left in the beam

    :param log_posteriors: HDF file of :class:`jobs.forward.ForwardJob`: log-probabilities [frames, labels + 1], the
        blank last, as of :class:`recipe.models.ctc_posteriors.CtcPosteriors`
    :param labels: the names of all labels, in the order of their indices, without the blank
    :param beam_size: prefixes kept in each frame
    :param label_bonus: added to the score for each label, against deletions; 0: scores are log-probabilities
    """

    def __init__(
        self, log_posteriors: tk.Path, *, labels: Sequence[str], beam_size: int = 16, label_bonus: float = 0.0
    ):
        if beam_size < 1:
            raise ValueError(f"the beam size is at least 1, not {beam_size}")
        self.log_posteriors = log_posteriors
        self.labels = labels
        self.beam_size = beam_size
        self.label_bonus = label_bonus

        self.out_hypotheses = self.output_path("hypotheses.jsonl")

        self.rqmt = {"cpu": 1, "mem": 2, "time": 1, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Searches all sequences.

        :raises ValueError: if the file has no log-probabilities of these labels and a blank
        """
        path = self.log_posteriors.get_path()
        found = {}
        for tag, log_probs in read_sequences(path):
            check_log_probs(path, tag, log_probs, self.labels)
            found[tag] = [
                Hypothesis(tuple(self.labels[label] for label in prefix), score)
                for prefix, score in prefix_search(log_probs, self.beam_size, label_bonus=self.label_bonus)
            ]
        write_hypotheses(self.out_hypotheses, found)


class _Beam(NamedTuple):
    """
    The prefixes kept, and the log-probability of each one's alignments so far.

    :ivar prefixes: labels
    :ivar in_blank: of the alignments that end in a blank, [beam]
    :ivar in_label: of those that end in the prefix's last label, [beam]
    """

    prefixes: list[tuple[int, ...]]
    in_blank: numpy.ndarray
    in_label: numpy.ndarray


def prefix_search(
    log_probs: numpy.ndarray, beam_size: int, *, label_bonus: float = 0.0
) -> list[tuple[tuple[int, ...], float]]:
    """
    Labels and their scores, best first.

    :param log_probs: [frames, labels + 1], the blank last
    :param beam_size: prefixes kept in each frame
    :param label_bonus: added to the score for each label
    :return: at most ``beam_size``; what has no probability is left out
    """
    beam = _Beam([()], numpy.array([0.0]), numpy.array([-numpy.inf]))
    for frame in log_probs.astype("float64"):
        beam = _next_beam(beam, frame, beam_size, label_bonus)
    scores = _totals(beam) + label_bonus * numpy.array([len(prefix) for prefix in beam.prefixes])
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], beam.prefixes[index]))
    return [(beam.prefixes[index], float(scores[index])) for index in order if scores[index] > -numpy.inf]


def _next_beam(beam: _Beam, frame: numpy.ndarray, beam_size: int, label_bonus: float) -> _Beam:
    """The best of all prefixes as they are and with one more label, behind one more frame [labels + 1]."""
    prefixes, totals = beam.prefixes, _totals(beam)
    rows = [row for row, prefix in enumerate(prefixes) if prefix]
    last = [prefixes[row][-1] for row in rows]
    longer = totals[:, None] + frame[:-1]
    longer[rows, last] = beam.in_blank[rows] + frame[last]  # a label again is a new one behind a blank only
    in_blank, in_label = totals + frame[-1], numpy.full(len(prefixes), -numpy.inf)
    in_label[rows] = beam.in_label[rows] + frame[last]
    row_of = {prefix: row for row, prefix in enumerate(prefixes)}
    for row, label in zip(rows, last):
        shorter = row_of.get(prefixes[row][:-1])
        if shorter is not None:  # one more label on it is this very prefix
            in_label[row] = numpy.logaddexp(in_label[row], longer[shorter, label])
            longer[shorter, label] = -numpy.inf
    lengths = numpy.array([len(prefix) for prefix in prefixes])
    scores = numpy.concatenate(
        [
            numpy.logaddexp(in_blank, in_label) + label_bonus * lengths,
            (longer + label_bonus * (lengths[:, None] + 1)).reshape(-1),
        ]
    )
    kept = numpy.argsort(-scores, kind="stable")[:beam_size]
    kept = kept[scores[kept] > -numpy.inf]
    same = kept[kept < len(prefixes)]
    source, label = numpy.divmod(kept[kept >= len(prefixes)] - len(prefixes), len(frame) - 1)
    return _Beam(
        [*(prefixes[row] for row in same), *((*prefixes[row], int(one)) for row, one in zip(source, label))],
        numpy.concatenate([in_blank[same], numpy.full(len(source), -numpy.inf)]),
        numpy.concatenate([in_label[same], longer[source, label]]),
    )


def _totals(beam: _Beam) -> numpy.ndarray:
    return numpy.logaddexp(beam.in_blank, beam.in_label)
