"""The job that makes label sequences of CTC's frame labels."""

from __future__ import annotations

import itertools
import json
import math
import os
from collections.abc import Iterator, Sequence

from sisyphus import Job, Task, tk


class CtcCollapseJob(Job):
    """
    Takes repetitions and blanks out of frame labels; hypotheses that become equal are joined, their probabilities
    added.

    :param hypotheses: JSON lines as of :class:`jobs.search.SearchJob`, one label a frame
    :param blank: the label that stands for nothing
    """

    def __init__(self, hypotheses: tk.Path, *, blank: str):
        self.hypotheses = hypotheses
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
        source, target = self.hypotheses.get_path(), self.out_hypotheses.get_path()
        with open(source, encoding="utf-8") as lines, open(target + ".part", "w", encoding="utf-8") as output:
            for number, line in enumerate(lines, 1):
                try:
                    entry = json.loads(line)
                    pairs = [(item["labels"], float(item["score"])) for item in entry["hypotheses"]]
                except (ValueError, KeyError, TypeError) as error:
                    raise ValueError(f"{source}:{number}: no hypotheses as JSON ({error!r}): {line[:200]}") from error
                joined = [{"labels": list(labels), "score": score} for labels, score in self._joined(pairs)]
                output.write(json.dumps({**entry, "hypotheses": joined}, ensure_ascii=False) + "\n")
        os.replace(target + ".part", target)

    def _joined(self, hypotheses: Sequence[tuple[Sequence[str], float]]) -> list[tuple[tuple[str, ...], float]]:
        scores: dict[tuple[str, ...], float] = {}
        for frame_labels, score in hypotheses:
            labels = collapsed(frame_labels, self.blank)
            scores[labels] = _log_add(scores[labels], score) if labels in scores else score
        return sorted(scores.items(), key=lambda item: (-item[1], item[0]))


def collapsed(frame_labels: Sequence[str], blank: str) -> tuple[str, ...]:
    """The labels that frame labels stand for: one for each run of equal ones, none for blanks."""
    return tuple(label for label, _ in itertools.groupby(frame_labels) if label != blank)


def _log_add(left: float, right: float) -> float:
    high, low = max(left, right), min(left, right)
    return high + math.log1p(math.exp(low - high)) if math.isfinite(low) else high
