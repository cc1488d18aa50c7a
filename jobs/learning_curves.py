"""Learning curves of a training: scores, learning rate and time by epoch, as picture, table and JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .learning_rates import EpochData, score_keys

_PART_STYLES = {"train": ":", "devtrain": "--", "dev": "-"}
"""How the lines of a part of the data are drawn; further ones solid."""


def curves_json(epochs: Mapping[int, EpochData]) -> dict[str, Any]:
    """For each epoch its learning rate, all scores by key, and seconds of training."""
    return {
        str(epoch): {"learning_rate": data.learning_rate, "scores": data.scores, "seconds": data.seconds}
        for epoch, data in sorted(epochs.items())
    }


def curves_table(epochs: Mapping[int, EpochData]) -> str:
    """One line per epoch: learning rate, seconds of training, and all scores."""
    keys = score_keys(epochs)
    widths = [max(len(key), 10) for key in keys]
    lines = ["epoch  learning rate  seconds  " + "  ".join(key.rjust(width) for key, width in zip(keys, widths))]
    for epoch, data in sorted(epochs.items()):
        cells = [
            (f"{data.scores[key]:.4f}" if key in data.scores else "-").rjust(width) for key, width in zip(keys, widths)
        ]
        seconds = "-" if data.seconds is None else f"{data.seconds:.0f}"
        lines.append(f"{epoch:5d}  {data.learning_rate:13.6f}  {seconds:>7}  " + "  ".join(cells))
    return "\n".join(line.rstrip() for line in lines) + "\n"


def draw_curves(epochs: Mapping[int, EpochData], path: str) -> None:
    """
    Draws losses, errors and the learning rate, one above the other: all epochs, all keys, with a legend.

    :param path: of the PNG file
    """
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
    axes = list(axes) if panels else [axes]
    numbers = sorted(epochs)
    for axis, (title, panel_keys) in zip(axes, panels):
        for key in panel_keys:
            points = [(number, epochs[number].scores[key]) for number in numbers if key in epochs[number].scores]
            style = _PART_STYLES.get(key.partition("_")[0], "-")
            axis.plot(*zip(*points), marker="o", markersize=3, linestyle=style, label=key)
        axis.set_ylabel(title)
        axis.grid(alpha=0.3)
        axis.legend()
    axes[-1].plot(
        numbers, [epochs[number].learning_rate for number in numbers], color="gray", drawstyle="steps-mid", marker="."
    )
    axes[-1].set(xlabel="epoch", ylabel="learning rate", yscale="log")
    axes[-1].grid(alpha=0.3)
    axes[-1].xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if numbers:
        axes[-1].set_xlim(numbers[0] - 0.5, numbers[-1] + 0.5)
    figure.tight_layout()
    figure.savefig(path, dpi=120, format="png")
    pyplot.close(figure)
