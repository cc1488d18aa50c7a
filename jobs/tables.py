"""Tables of figures as text, CSV and LaTeX."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

Table = Mapping[str, Mapping[str, Any]]
"""Cells by row and column, in this order; None for a cell that has no value (yet)."""

_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "&%$#_{}"},
}


def columns_of(table: Table) -> list[str]:
    """The columns of all rows, in the order in which they come."""
    return list(dict.fromkeys(column for row in table.values() for column in row))


def cell_text(value: Any) -> str:
    """A cell for people: numbers with a fraction with 2 digits, ``-`` for none."""
    if value is None:
        return "-"
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def text_table(table: Table, *, title: str = "") -> str:
    """With columns of equal width, numbers to the right."""
    rows = _rows(table, title, cell_text)
    widths = [max(len(row[index]) for row in rows) for index in range(len(rows[0]))]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:]))]).rstrip()
        for row in rows
    ]
    return "\n".join([lines[0], "-" * max(map(len, lines)), *lines[1:]]) + "\n"


def csv_table(table: Table, *, title: str = "") -> str:
    """Comma-separated, with all digits; empty where there is no value."""
    output = io.StringIO()
    rows = _rows(table, title, lambda value: "" if value is None else str(value))
    csv.writer(output, lineterminator="\n").writerows(rows)
    return output.getvalue()


def latex_table(table: Table, *, title: str = "") -> str:
    """A ``tabular`` with rules of the package booktabs."""
    rows = [" & ".join(map(latex_text, row)) + r" \\" for row in _rows(table, title, cell_text)]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * len(columns_of(table))}}}",
        r"\toprule",
        rows[0],
        r"\midrule",
        *rows[1:],
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def latex_text(text: str) -> str:
    """Text in which no character means anything to LaTeX."""
    return "".join(_LATEX.get(character, character) for character in text)


def _rows(table: Table, title: str, cell: Any) -> Sequence[list[str]]:
    columns = columns_of(table)
    return [[title, *columns], *([name, *(cell(row.get(column)) for column in columns)] for name, row in table.items())]
