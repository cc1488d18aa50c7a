"""Learning curves as plots: each loss and error by epoch and by step, the best epoch marked, and the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from ..learning_rates import EpochData, score_keys
from .plot import Line, Plot
from .step_scores import Point

_PARTS = ("train", "devtrain", "dev")
"""Parts of the data whose lines have the same colour everywhere."""


def curve_plots(
    epochs: Mapping[int, EpochData], steps: Mapping[str, Sequence[Point]] | None = None, *, num_epochs: int = 0
) -> list[Plot]:
    """
    A plot for each loss and each error, and one of the learning rate.

    :param epochs: of those that have scores
    :param steps: the losses of single steps, by name; see :class:`jobs.pages.step_scores.StepScores`
    :param num_epochs: how many are wanted; the axis is as long
    """
    left = dict(steps or {})
    last = max([num_epochs, *epochs, *(math.ceil(line[-1].epochs) for line in left.values() if line)], default=1)
    plots: list[Plot] = []
    first = 0.0 if left else 1.0
    for measure, keys in measures(epochs).items():
        name = steps_of(measure, left)
        plots.append(_plot(measure, keys, epochs, left.pop(name) if name else (), first, last))
    plots += [_plot(title(name), [], epochs, line, first, last) for name, line in left.items() if len(line) > 1]
    if epochs:
        rates = [(float(number), data.learning_rate) for number, data in sorted(epochs.items())]
        plots.append(
            Plot("learning rate", [Line("learning rate", rates, "rate", "rate")], last, first=first, is_small=True)
        )
    return plots


def measures(epochs: Mapping[int, EpochData]) -> dict[str, list[str]]:
    """The keys of scores by what they measure: ``score``, ``error``, ``loss_ctc``; losses before errors."""
    found: dict[str, list[str]] = {}
    for key in sorted(score_keys(epochs), key=lambda key: ("error" in key, key)):
        part, _, measure = key.partition("_")
        found.setdefault(measure if part in _PARTS else key, []).append(key)
    return found


def steps_of(measure: str, names: Mapping[str, object]) -> str | None:
    """
    Which of the losses in the log is the one that a key of the learning-rate file names.

    RETURNN calls the only loss of a network ``score`` in the file, and ``cost:NAME`` in the log.
    """
    kind, _, name = measure.partition("_")
    candidates = [f"{kind}:{name}", kind] if name else [kind, *(one for one in names if one.startswith(f"{kind}:"))]
    candidates += [name] if kind == "loss" else []
    return next((candidate for candidate in candidates if candidate in names), None)


def best_epoch(epochs: Mapping[int, EpochData], keys: Sequence[str]) -> tuple[str, int] | None:
    """The key of the development data, and the epoch with its lowest score; None if there is none."""
    for key in keys:
        scores = [
            (data.scores[key], number)
            for number, data in epochs.items()
            if key.startswith("dev_") and math.isfinite(data.scores.get(key, math.nan))
        ]
        if scores:
            return key, min(scores)[1]
    return None


def title(measure: str) -> str:
    """What a plot is called."""
    if measure.startswith("grad_norm"):
        return "norm of the gradients"
    return measure.replace(":", " ").replace("_", " ").removeprefix("loss ")


def _plot(
    measure: str, keys: Sequence[str], epochs: Mapping[int, EpochData], steps: Sequence[Point], first: float, last: int
) -> Plot:
    lines = (
        [Line("train, by step", [(point.epochs, point.value) for point in steps], "train", "steps")] if steps else []
    )
    best = best_epoch(epochs, keys)
    for key in keys:
        points = [(float(number), data.scores[key]) for number, data in sorted(epochs.items()) if key in data.scores]
        part = key.partition("_")[0]
        is_best = best is not None and best[0] == key
        lines.append(
            Line(
                part if part in _PARTS else key,
                points,
                part if part in _PARTS else "dev",
                "epochs",
                best=float(best[1]) if best is not None and is_best else None,
            )
        )
    return Plot(title(measure), lines, last, first=first)
