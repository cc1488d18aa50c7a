"""The job that adds up the scores of n-best lists, and with it the tuning of their scales."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from sisyphus import Job, Task, tk

from .hypotheses import Hypothesis, Labels, read_hypotheses, write_hypotheses
from .optimal_parameters import GetOptimalParametersJob


class CombineScoresJob(Job):
    """
    N-best lists with weighted sums of the scores that several models gave to the same hypotheses, best first::

        score = scale_1 score_1 + scale_2 score_2 + ... + length_reward * number of labels

    :param hypotheses: JSON lines by name, as of :class:`jobs.rescoring.RescoringJob`, all of the same hypotheses
    :param scales: by the same names, numbers or variables; those that are missing are 1
    :param length_reward: for each label, as the sum of log probabilities is the less the longer a hypothesis is
    """

    def __init__(self, hypotheses: Mapping[str, tk.Path], scales: Mapping[str, Any], *, length_reward: Any = 0.0):
        wrong = sorted(set(scales) - set(hypotheses))
        if wrong or not hypotheses:
            raise ValueError(f"scales are of the lists {', '.join(hypotheses) or '(none)'}; {wrong} is none of them")
        self.hypotheses = dict(hypotheses)
        self.scales = dict(scales)
        self.length_reward = length_reward

        self.out_hypotheses = self.output_path("hypotheses.jsonl")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the list.

        :raises ValueError: at a malformed line, or where a list lacks a hypothesis or its score
        """
        scales = {name: _number(self.scales.get(name, 1.0)) for name in self.hypotheses}
        reward = _number(self.length_reward)
        lists = {name: read_hypotheses(path.get_path()) for name, path in self.hypotheses.items()}
        scores = {
            name: {tag: {item.labels: item.score for item in items} for tag, items in found.items()}
            for name, found in lists.items()
        }
        combined: dict[str, list[Hypothesis]] = {}
        for tag, items in next(iter(lists.values())).items():
            new = [
                Hypothesis(
                    item.labels,
                    sum(scale * self._score(scores, name, tag, item.labels) for name, scale in scales.items() if scale)
                    + reward * len(item.labels),
                )
                for item in items
            ]
            combined[tag] = sorted(new, key=lambda item: -item.score)
        write_hypotheses(self.out_hypotheses, combined)

    def _score(
        self, scores: Mapping[str, Mapping[str, Mapping[Labels, float]]], name: str, tag: str, labels: Labels
    ) -> float:
        score = scores[name].get(tag, {}).get(labels, math.nan)
        if math.isnan(score):
            raise ValueError(
                f"{self.hypotheses[name].get_path()} has no score of {' '.join(labels)!r} of {tag!r}: all lists must "
                "be of the same hypotheses"
            )
        return score


def tune_scores(
    hypotheses: Mapping[str, tk.Path],
    grid: Mapping[str, Sequence[float]],
    value: Callable[[tk.Path], tk.Variable],
    *,
    mode: str = "minimize",
) -> GetOptimalParametersJob:
    """
    Tries all combinations of scales on n-best lists of development data. ``out_optimal_parameters`` of the job are the
    scales of :class:`CombineScoresJob` for other data.

    :param hypotheses: as for :class:`CombineScoresJob`
    :param grid: the scales to try, by the names of the lists
    :param value: the graph from a list to what is optimised, for example ``ScoringJob(...).out_wer``
    :param mode: "minimize" or "maximize"
    """
    combinations = [dict(zip(grid, values)) for values in itertools.product(*grid.values())]
    values = [value(CombineScoresJob(hypotheses, scales).out_hypotheses) for scales in combinations]
    return GetOptimalParametersJob(combinations, values, mode=mode)


def _number(value: Any) -> float:
    return float(value.get() if hasattr(value, "get") else value)
