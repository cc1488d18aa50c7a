"""A comparison as text for terminals of any width."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from .comparison import Comparison, Result, number, p_text

_MOST_LINES = 40
"""Of what differs between two experiments."""

Row = Sequence[str]


def comparison_lines(comparison: Comparison, width: int) -> Iterator[str]:
    """
    Results by part of the data, trainings, what differs.

    :param width: of the terminal, in characters
    """
    for part in comparison.parts:
        yield part.title
        head = ["", "rate", "95 %", f"{part.sequence}s wrong", "difference", "95 %", "p"]
        yield from table_lines([head, *map(_cells, part.results)], width)
        yield ""
    if any(result.difference for part in comparison.parts for result in part.results):
        text = f"difference to {comparison.first} by the paired bootstrap over sequences; * is significant (p < 0.05)"
        yield from textwrap.wrap(text, width, break_on_hyphens=False)
        yield ""
    if comparison.values:
        yield "other results"
        yield from table_lines(comparison.values, width)
        yield ""
    if comparison.trainings:
        yield "trainings"
        head = ["", "epochs", "best dev loss", "best dev error", "time"]
        yield from table_lines([head, *comparison.trainings], width)
        yield ""
    for name, lines in comparison.differences.items():
        yield f"{comparison.first} -> {name}"
        for line in [*lines[:_MOST_LINES], *([f"... {len(lines)} lines"] if len(lines) > _MOST_LINES else [])]:
            yield from _wrapped(f"  {line}", width)
        yield ""


def table_lines(rows: Sequence[Row], width: int) -> Iterator[str]:
    """
    Rows in columns, the first one to the left and the others to the right; where that is too wide, the first cell of a
    row stands above the others.

    :param rows: the first one is the head
    """
    used = [column for column in range(len(rows[0])) if column == 0 or any(row[column] for row in rows[1:])]
    rows = [[row[column] for column in used] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(used))]
    above = 2 + sum(widths) + 2 * (len(widths) - 1) > width
    for row in rows:
        cells = "  ".join(cell.rjust(size) for cell, size in zip(row[1:], widths[1:]))
        if above:
            if row[0]:
                yield from _wrapped(f"  {row[0]}", width)
            yield f"    {cells}".rstrip()
        else:
            yield f"  {row[0].ljust(widths[0])}  {cells}".rstrip()


def _cells(result: Result) -> Row:
    report, found = result.scores.report, result.difference
    low, high = report["confidence_interval"]
    cells = [
        result.name,
        number(report["error_rate"]),
        f"{number(low)} to {number(high)}",
        number(report["sequence_error_rate"]),
    ]
    if found is None:
        return [*cells, result.note, "", ""]
    mark = "*" if found.is_significant else " "
    return [*cells, f"{found.value:+.2f}{mark}", f"{found.low:+.2f} to {found.high:+.2f}", p_text(found.p)]


def _wrapped(line: str, width: int) -> Iterator[str]:
    """A line that may be too long, with what goes on below further to the right."""
    indent = len(line) - len(line.lstrip()) + 4
    yield from textwrap.wrap(line, max(20, width), subsequent_indent=" " * indent, break_on_hyphens=False) or [""]
