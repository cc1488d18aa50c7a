"""Heat maps: attention weights or an alignment of one sequence, as what a template draws."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

_LEAST = 0.02  # of the largest value; cells below it are not drawn
_DARKEST = 0.5  # from which value on a field has its full colour; the largest one, if that is more
_CHARACTER = 6.8  # width of a character of the labels
_WIDEST = 620.0


class Cell(NamedTuple):
    """A field, with how dark it is (0 to 1), and what is said of it."""

    x: float
    y: float
    strength: str
    text: str


class HeatMap:
    """
    One heat map.

    :param title: what it shows
    :param rows: what stands at the rows
    :param columns: what stands at the columns; where all are empty, their numbers stand there
    :param values: [rows, columns], not negative
    :param path: (row, column) of the fields that are framed, as a best alignment; may be empty
    """

    def __init__(
        self,
        title: str,
        rows: Sequence[str],
        columns: Sequence[str],
        values: Sequence[Sequence[float]],
        path: Sequence[tuple[int, int]] = (),
    ):
        self.title, self.rows, self.columns = title, list(rows), list(columns)
        self.values = [list(row) for row in values]
        self.path = list(path)
        self.has_names = any(self.columns)
        self.left = 12 + _CHARACTER * max((len(row) for row in self.rows), default=1)
        room = (_WIDEST - self.left) / max(1, len(self.columns))
        longest = max((len(column) for column in self.columns), default=1)
        self.names_stand = self.has_names and _CHARACTER * longest > min(22.0, room)
        self.cell_width = round(min(22.0, max(room, 3.0)), 2)
        self.cell_height = 16.0 if len(self.rows) <= 40 else 11.0
        self.top = 8 + (_CHARACTER * longest if self.names_stand else 14)
        self.width = self.left + self.cell_width * len(self.columns) + 4
        self.height = self.top + self.cell_height * len(self.rows) + 4

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> HeatMap:
        """The one of :meth:`plain`."""
        return cls(data["title"], data["rows"], data["columns"], data["values"], [tuple(one) for one in data["path"]])

    def plain(self) -> dict[str, Any]:
        """It as plain data, with 4 digits."""
        return {
            "title": self.title,
            "rows": self.rows,
            "columns": self.columns,
            "values": [[round(float(value), 4) for value in row] for row in self.values],
            "path": [list(one) for one in self.path],
        }

    @property
    def largest(self) -> float:
        """The largest value."""
        return max((value for row in self.values for value in row), default=0.0)

    @property
    def caption(self) -> str:
        """The title, and the largest value where all are so small that little can be seen."""
        return self.title if self.largest >= _DARKEST else f"{self.title}; the largest value is {self.largest:.2g}"

    @property
    def cells(self) -> list[Cell]:
        """The fields that can be seen."""
        most = max(_DARKEST, self.largest)
        return [
            Cell(
                round(self.left + column * self.cell_width, 1),
                self.top + row * self.cell_height,
                f"{value / most:.2f}",
                f"{self.rows[row]}, {self.columns[column] or column}: {value:.2f}",
            )
            for row, values in enumerate(self.values)
            for column, value in enumerate(values)
            if value >= _LEAST * most
        ]

    @property
    def frames(self) -> list[tuple[float, float, float]]:
        """Left, top and width of the framed fields; neighbours of a row in one frame."""
        found: list[tuple[int, int, int]] = []
        for row, column in sorted(self.path):
            if found and found[-1][0] == row and found[-1][2] == column - 1:
                found[-1] = (row, found[-1][1], column)
            else:
                found.append((row, column, column))
        return [
            (
                round(self.left + first * self.cell_width, 1),
                self.top + row * self.cell_height,
                round((last - first + 1) * self.cell_width, 1),
            )
            for row, first, last in found
        ]

    @property
    def row_names(self) -> list[tuple[float, str]]:
        """Where the rows' names stand."""
        return [(self.top + (row + 0.75) * self.cell_height, name) for row, name in enumerate(self.rows)]

    @property
    def column_names(self) -> list[tuple[float, str]]:
        """Where the columns' names stand; of columns without names some numbers."""
        if self.has_names:
            return [(self.left + (at + 0.5) * self.cell_width, name) for at, name in enumerate(self.columns)]
        count = len(self.columns)
        step = next((size for size in (1, 2, 5, 10, 20, 50, 100, 200, 500) if size * self.cell_width >= 30), 1000)
        return [(self.left + (at + 0.5) * self.cell_width, str(at)) for at in range(0, count, step)]


def read_heat_maps(path: str) -> list[tuple[str, list[HeatMap]]]:
    """
    The maps of each sequence, by its name, as :class:`jobs.pages.heat_maps_job.HeatMapsJob` writes them.

    :raises ValueError: if it is no such file
    """
    with open(path, encoding="utf-8") as file:
        try:
            entries = json.load(file)
            return [(entry["seq_tag"], [HeatMap.from_plain(one) for one in entry["maps"]]) for entry in entries]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} has no heat maps as JSON: {error!r}") from error
