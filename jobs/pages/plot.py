"""A plot as numbers that a template draws as SVG: ticks, paths, and the values of each epoch to point at."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 640.0, 58.0, 12.0, 12.0, 30.0
"""Of the picture, in its own units; it is scaled to the page."""

_LINE_HEIGHT = 15.0
_CHARACTER = 6.6  # width of a character of the readout
_HIGHEST = 0.97
"""Which part of the steps' values is in the picture for sure: the first ones of a training are far above all others."""


class Line(NamedTuple):
    """
    One line.

    :ivar label: in the legend
    :ivar points: (epoch, value), by epoch
    :ivar color: the name of a colour of the style sheet
    :ivar kind: "steps" (thin), "epochs" (with dots), "rate" (a stair)
    :ivar best: the epoch that is marked
    """

    label: str
    points: list[tuple[float, float]]
    color: str
    kind: str
    best: float | None = None


class Tick(NamedTuple):
    """A mark on an axis."""

    place: float
    text: str


class Dot(NamedTuple):
    """A point of a line, with what is said of it."""

    x: float
    y: float
    is_best: bool
    text: str


class Drawn(NamedTuple):
    """A line in the picture."""

    line: Line
    path: str
    dots: list[Dot]


class Column(NamedTuple):
    """The values of an epoch, which are shown where one points at it."""

    x: float
    left: float
    width: float
    box_x: float
    box_y: float
    box_width: float
    box_height: float
    lines: list[tuple[float, str, str]]


class Plot:
    """
    A plot over epochs.

    :param title: what it shows
    :param lines: what is drawn
    :param last: the last epoch on the axis
    :param first: the first one; 0 where steps are drawn
    :param is_small: whether it is a low one, with a logarithmic axis
    """

    def __init__(self, title: str, lines: Sequence[Line], last: float, *, first: float = 0.0, is_small: bool = False):
        self.title, self.is_small = title, is_small
        self.width, self.height = WIDTH, 130.0 if is_small else 260.0
        self.left, self.right, self.top, self.bottom = LEFT, WIDTH - RIGHT, TOP, self.height - BOTTOM
        self._lines = [line._replace(points=[p for p in line.points if math.isfinite(p[1])]) for line in lines]
        self._lines = [line for line in self._lines if line.points]
        self._last = max(1.0, last)
        self._first = first if self._last > first else 0.0
        self._low, self._high = self._range()

    @property
    def lines(self) -> list[Drawn]:
        """The lines; one of a single point has no path."""
        return [Drawn(line, self._path(line), self._dots(line)) for line in self._lines]

    @property
    def best(self) -> str:
        """What is best of all lines, in words; "" if nothing is."""
        marked = [(value, epoch, line) for line in self._lines for epoch, value in line.points if line.best == epoch]
        if not marked:
            return ""
        value, epoch, line = min(marked, key=lambda one: one[0])
        return f"best {line.label} {number(value)} in epoch {epoch:g}"

    @property
    def x_ticks(self) -> list[Tick]:
        """Whole epochs, of which there are not too many."""
        step = max(1, math.ceil(nice_step(self._last / 8)))
        places = sorted({0, 1, *range(step, int(self._last) + 1, step)})
        places = [place for place in places if place >= self._first and (place != 1 or step == 1)]
        return [Tick(self._x(place), f"{place}") for place in places]

    @property
    def y_ticks(self) -> list[Tick]:
        """Round numbers."""
        if self.is_small:
            values = sorted({value for line in self._lines for _, value in line.points})
            shown = values if len(values) <= 3 else [values[0], values[-1]]
            return [Tick(self._y(value), number(value)) for value in shown]
        step = nice_step((self._high - self._low) / 5)
        first = math.ceil(self._low / step - 1e-9)
        values = [index * step for index in range(first, int(self._high / step + 1e-9) + 1)]
        return [Tick(self._y(value), f"{value:.6g}") for value in values]

    @property
    def columns(self) -> list[Column]:
        """For each epoch that has values, where one points to see them."""
        epochs = sorted({epoch for line in self._lines if line.kind != "steps" for epoch, _ in line.points})
        found = []
        for epoch in epochs:
            texts = [(f"epoch {epoch:g}", "")]
            for line in self._lines:
                values = [value for at, value in line.points if at == epoch]
                if line.kind != "steps" and values:
                    mark = ", best" if line.best == epoch else ""
                    texts.append((f"{line.label} {number(values[0])}{mark}", line.color))
            found.append(self._column(epoch, texts, (self.right - self.left) / max(1.0, self._last - self._first)))
        return found

    def _column(self, epoch: float, texts: list[tuple[str, str]], width: float) -> Column:
        x = self._x(epoch)
        box_width = _CHARACTER * max(len(text) for text, _ in texts) + 14
        box_height = _LINE_HEIGHT * len(texts) + 8
        box_x = x + 8 if x + 8 + box_width <= self.width else x - 8 - box_width
        lines = [(self.top + 4 + _LINE_HEIGHT * (index + 0.8), *text) for index, text in enumerate(texts)]
        return Column(x, x - width / 2, width, box_x, self.top, box_width, box_height, lines)

    def _range(self) -> tuple[float, float]:
        exact = [value for line in self._lines if line.kind != "steps" for _, value in line.points]
        values = sorted(value for line in self._lines if line.kind == "steps" for _, value in line.points)
        if values:
            exact += [values[0], values[min(len(values) - 1, int(_HIGHEST * len(values)))]]
        low, high = min(exact, default=0.0), max(exact, default=1.0)
        if self.is_small:
            return (low, high) if low < high else (low / 2, high * 2 or 1.0)
        if 0 <= low < 0.5 * high:
            low = 0.0
        room = 0.05 * (high - low) or 0.05 * abs(high) or 1.0
        return (low if low == 0.0 else low - room), high + room

    def _x(self, epoch: float) -> float:
        span = self._last - self._first
        part = (epoch - self._first) / span if span else 0.5
        return round(self.left + part * (self.right - self.left), 1)

    def _y(self, value: float) -> float:
        if self.is_small and self._low > 0:
            part = math.log(value / self._low) / math.log(self._high / self._low)
        else:
            part = (value - self._low) / (self._high - self._low)
        return round(self.bottom - max(0.0, min(1.0, part)) * (self.bottom - self.top), 1)

    def _path(self, line: Line) -> str:
        places = [(self._x(epoch), self._y(value)) for epoch, value in line.points]
        if line.kind == "rate":
            starts = [max(self.left, round(self._x(epoch - 1), 1)) for epoch, _ in line.points]
            return "M" + " ".join(f"{start},{y} {x},{y}" for start, (x, y) in zip(starts, places))
        return "M" + " ".join(f"{x},{y}" for x, y in places) if len(places) > 1 else ""

    def _dots(self, line: Line) -> list[Dot]:
        if line.kind == "steps":
            return []
        return [
            Dot(self._x(epoch), self._y(value), line.best == epoch, f"epoch {epoch:g}: {line.label} {number(value)}")
            for epoch, value in line.points
        ]


def nice_step(size: float) -> float:
    """The smallest of 1, 2, 5, 10, 20, 50, ... (and 0.5, 0.2, ...) that is at least so large."""
    if size <= 0 or not math.isfinite(size):
        return 1.0
    power = 10.0 ** math.floor(math.log10(size))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= size * (1 - 1e-9))


def number(value: float) -> str:
    """With 4 digits that count."""
    return f"{value:.4g}"
