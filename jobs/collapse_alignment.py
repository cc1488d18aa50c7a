"""The job that makes label sequences of alignments."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk

from recipe.models.topology import Topology

from .hypotheses import Hypothesis, Labels, read_hypotheses, write_hypotheses


class CollapseAlignmentJob(Job):
    """
    Takes blanks, and where the topology says so repetitions, out of alignments; hypotheses that become equal are
    joined, their probabilities added.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`, labels and blanks
    :param topology: what an alignment is
    :param blank: the label that stands for nothing
    """

    def __init__(self, hypotheses: tk.Path, *, topology: Topology, blank: str):
        self.hypotheses = hypotheses
        self.topology = topology
        self.blank = blank

        self.out_hypotheses = self.output_path("hypotheses.jsonl")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """
        Writes the same lines, with the joined hypotheses of each sequence, best first.

        :raises ValueError: at a malformed line; the message names file and line
        """
        found = read_hypotheses(self.hypotheses.get_path())
        write_hypotheses(
            self.out_hypotheses, {tag: joined(items, self.topology, self.blank) for tag, items in found.items()}
        )


def joined(hypotheses: Sequence[Hypothesis], topology: Topology, blank: str) -> list[Hypothesis]:
    """Hypotheses of alignments as hypotheses of labels, those that become equal as one, best first."""
    scores: dict[Labels, float] = {}
    for alignment, score in hypotheses:
        labels = topology.labels(alignment, blank)
        scores[labels] = _log_add(scores[labels], score) if labels in scores else score
    return [Hypothesis(*item) for item in sorted(scores.items(), key=lambda item: (-item[1], item[0]))]


def _log_add(left: float, right: float) -> float:
    high, low = max(left, right), min(left, right)
    return high + math.log1p(math.exp(low - high)) if math.isfinite(low) else high
