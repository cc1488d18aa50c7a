"""The job that draws how scores and learning rate went from epoch to epoch."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

from sisyphus import Job, Task, tk

from .learning_rates import EpochData, read_learning_rates


class LearningCurvesJob(Job):
    """
    Learning curves of a training: a picture, a table and JSON.

    :param learning_rates: RETURNN's learning-rate file
    """

    def __init__(self, learning_rates: tk.Path):
        self.learning_rates = learning_rates

        self.out_plot = self.output_path("learning_curves.png")
        self.out_table = self.output_path("learning_curves.txt")
        self.out_json = self.output_path("learning_curves.json")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Writes all three.

        :raises ValueError: if no epoch has scores yet
        """
        path = self.learning_rates.get_path()
        epochs = {epoch: data for epoch, data in read_learning_rates(path).items() if score_keys({epoch: data})}
        if not epochs:
            raise ValueError(f"{path} has no scores of any epoch")
        _replace(self.out_table.get_path(), table(epochs).encode())
        rows = {epoch: {"learning_rate": d.learning_rate, **scores(d)} for epoch, d in sorted(epochs.items())}
        _replace(self.out_json.get_path(), (json.dumps(rows, indent=1) + "\n").encode())
        part = self.out_plot.get_path() + ".part"
        draw(epochs, part)
        os.replace(part, self.out_plot.get_path())


def scores(data: EpochData) -> dict[str, float]:
    """The scores of an epoch, without what RETURNN notes beside them."""
    return {key: value for key, value in data.scores.items() if not key.startswith(":meta:")}


def score_keys(epochs: dict[int, EpochData]) -> list[str]:
    """All keys of scores, sorted."""
    return sorted({key for data in epochs.values() for key in scores(data)})


def table(epochs: dict[int, EpochData]) -> str:
    """One line per epoch: learning rate and all scores."""
    keys = score_keys(epochs)
    widths = [max(len(key), 10) for key in keys]
    lines = ["epoch  learning rate  " + "  ".join(key.rjust(width) for key, width in zip(keys, widths))]
    for epoch, data in sorted(epochs.items()):
        values = scores(data)
        cells = [(f"{values[key]:.4f}" if key in values else "-").rjust(width) for key, width in zip(keys, widths)]
        lines.append(f"{epoch:5d}  {data.learning_rate:13.6f}  " + "  ".join(cells))
    return "\n".join(lines) + "\n"


def draw(epochs: dict[int, EpochData], path: str) -> None:
    """Draws losses, errors and the learning rate, one above the other, into a PNG file."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as pyplot

    keys = score_keys(epochs)
    errors = [key for key in keys if "error" in key]
    panels = [panel for panel in (("loss", [key for key in keys if key not in errors]), ("error", errors)) if panel[1]]
    heights = [3.0] * len(panels) + [1.2]
    figure, axes = pyplot.subplots(
        len(heights), 1, sharex=True, figsize=(8, sum(heights) + 0.6), gridspec_kw={"height_ratios": heights}
    )
    numbers = sorted(epochs)
    for axis, (title, panel_keys) in zip(axes, panels):
        for key in panel_keys:
            points = [(number, scores(epochs[number])[key]) for number in numbers if key in scores(epochs[number])]
            axis.plot(*zip(*points), marker="o", markersize=3, label=key)
        axis.set_ylabel(title)
        axis.grid(alpha=0.3)
        axis.legend()
    axes[-1].plot(numbers, [epochs[number].learning_rate for number in numbers], color="gray", drawstyle="steps-mid")
    axes[-1].set(xlabel="epoch", ylabel="learning rate", yscale="log")
    axes[-1].grid(alpha=0.3)
    axes[-1].xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True))
    figure.tight_layout()
    figure.savefig(path, dpi=120, format="png")
    pyplot.close(figure)


def _replace(path: str, content: Any) -> None:
    with open(path + ".part", "wb") as file:
        file.write(content)
    os.replace(path + ".part", path)
