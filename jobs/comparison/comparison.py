"""Experiments beside each other: results with what differs by more than chance, trainings, curves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..learning_rates import EpochData
from ..pages.curves import best_epoch, measures
from ..pages.plot import Line, Plot
from .bootstrap import PairedDifference, paired_difference
from .experiment import Experiment, Scores

_COLORS = 8


class Result(NamedTuple):
    """
    An experiment on a part of the data.

    :ivar difference: to the first experiment; None of itself, and where the sequences are not the same
    :ivar note: why there is no difference, if there is none
    """

    name: str
    scores: Scores
    difference: PairedDifference | None
    note: str


class Part(NamedTuple):
    """
    The results of a part of the data.

    :ivar title: the part, and what is counted
    :ivar sequence: what a sequence is called
    """

    title: str
    sequence: str
    results: list[Result]


class Trained(NamedTuple):
    """A training: number of epochs, best loss and error on the development data with their epochs, time; as texts."""

    name: str
    epochs: str
    loss: str
    error: str
    time: str


class Comparison(NamedTuple):
    """
    All of it.

    :ivar first: the experiment that the others are compared with
    :ivar values: other results, a row for each experiment; the first row is the head
    :ivar differences: in what the jobs of each of the others differ from those of the first: lines, by its name
    """

    first: str
    parts: list[Part]
    values: list[list[str]]
    trainings: list[Trained]
    plots: list[Plot]
    differences: Mapping[str, Sequence[str]]


def compare(experiments: Sequence[Experiment], differences: Mapping[str, Sequence[str]] | None = None) -> Comparison:
    """
    :param experiments: the first one is what the others are compared with
    :param differences: in what their jobs differ, as lines, by name; may be left out
    """
    names = list(dict.fromkeys(part for one in experiments for part in one.scores))
    return Comparison(
        experiments[0].name,
        [_part(name, [one for one in experiments if name in one.scores]) for name in names],
        _values(experiments),
        [trained(one) for one in experiments if one.epochs],
        comparison_plots(experiments),
        differences or {},
    )


def _part(name: str, experiments: Sequence[Experiment]) -> Part:
    first = experiments[0]
    report = first.scores[name].report
    results = []
    for one in experiments:
        scores = one.scores[name]
        found = None if one is first else paired_difference(first.scores[name].counts, scores.counts)
        note = "" if one is first or found is not None else "other sequences"
        results.append(Result(one.name, scores, found, note))
    title = f"{name}: {report['label']} errors in %, {report['sequences']} {report['sequence']}s"
    return Part(title, report["sequence"], results)


def _values(experiments: Sequence[Experiment]) -> list[list[str]]:
    names = list(dict.fromkeys(name for one in experiments for name in one.values))
    rows = [[one.name, *(number(one.values.get(name)) for name in names)] for one in experiments if one.values]
    return [["", *names], *rows] if rows else []


def trained(experiment: Experiment) -> Trained:
    """The training of an experiment, in short."""
    best = {"loss": "-", "error": "-"}
    for measure, keys in measures(experiment.epochs).items():
        kind = kind_of(measure)
        found = best_epoch(experiment.epochs, keys)
        if found is not None and best[kind] == "-":
            best[kind] = f"{experiment.epochs[found[1]].scores[found[0]]:.4g} in {found[1]}"
    time = experiment.time or _time_of(experiment.epochs)
    return Trained(experiment.name, str(len(experiment.epochs)), best["loss"], best["error"], time)


def _time_of(epochs: Mapping[int, EpochData]) -> str:
    """How long the epochs took together, without scoring."""
    seconds = round(sum(data.seconds or 0.0 for data in epochs.values()))
    if not seconds:
        return "-"
    return (
        f"{seconds // 3600} h {seconds % 3600 // 60} min"
        if seconds >= 3600
        else f"{seconds // 60} min {seconds % 60} s"
    )


def kind_of(measure: str) -> str:
    """Whether what RETURNN measures is a "loss" or an "error"."""
    return "error" if "error" in measure else "loss"


def comparison_plots(experiments: Sequence[Experiment]) -> list[Plot]:
    """A plot for each loss and error: a line for each experiment, of the development data where there is some."""
    lines: dict[str, list[Line]] = {}
    last = max((max(one.epochs) for one in experiments if one.epochs), default=1)
    for number, one in enumerate(experiments):
        for measure, keys in _common_measures(one.epochs).items():
            key = next((key for key in keys if key.startswith("dev_")), keys[0])
            points = [
                (float(epoch), data.scores[key]) for epoch, data in sorted(one.epochs.items()) if key in data.scores
            ]
            best = best_epoch(one.epochs, keys)
            color = f"c{number % _COLORS}"
            mark = float(best[1]) if best is not None else None
            lines.setdefault(measure, []).append(Line(one.name, points, color, "epochs", best=mark))
    first = 1.0 if last > 1 else 0.0
    return [Plot(measure, found, last, first=first) for measure, found in lines.items()]


def _common_measures(epochs: Mapping[int, EpochData]) -> dict[str, list[str]]:
    """The keys of scores by names that the engines have in common: of one loss "loss", of several "loss NAME"."""
    found = measures(epochs)
    kinds = [kind_of(measure) for measure in found]
    return {
        kind if kinds.count(kind) == 1 else f"{kind} {measure.partition('_')[2] or measure}": keys
        for (measure, keys), kind in zip(found.items(), kinds)
    }


def number(value: float | None, digits: int = 2) -> str:
    """A number, or ``-`` where there is none."""
    return "-" if value is None or math.isnan(value) else f"{value:.{digits}f}"


def p_text(p: float) -> str:
    """``0.013``, ``< 0.001``."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
