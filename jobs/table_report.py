"""Tables of results over checkpoints or experiments: one when all are there, and one that grows with them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from sisyphus import Job, Task, tk

from .atomic_file import write_json, write_text
from .tables import Table, columns_of, csv_table, latex_table, text_table

Results = Mapping[str, Mapping[str, tk.Variable]]
"""Variables by row and column."""


class TableReportJob(Job):
    """
    A table of results as text, CSV, LaTeX and JSON, and which row is the best.

    :param results: variables by row (an experiment, a checkpoint) and column (a part of the data)
    :param best_by: the column by which the best row is chosen, lower is better; default: the first column
    :param title: of the column with the names of the rows
    """

    def __init__(self, results: dict[str, dict[str, tk.Variable]], *, best_by: str | None = None, title: str = ""):
        columns = columns_of(results)
        if not columns:
            raise ValueError("a table needs at least one row with one result")
        if best_by is not None and best_by not in columns:
            raise ValueError(f"there is no column {best_by!r}; there are: {', '.join(columns)}")
        self.results = results
        self.best_by = best_by or columns[0]
        self.title = title

        self.out_text = self.output_path("table.txt")
        self.out_csv = self.output_path("table.csv")
        self.out_latex = self.output_path("table.tex")
        self.out_json = self.output_path("table.json")
        self.out_best_row = self.output_var("best_row")
        self.out_best_value = self.output_var("best_value")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes all of it.

        :raises ValueError: if no row has a number to compare
        """
        table = {row: {column: value.get() for column, value in cells.items()} for row, cells in self.results.items()}
        best = best_row(table, self.best_by)
        best_value = table[best][self.best_by]
        text = text_table(table, title=self.title)
        write_text(self.out_text, f"{text}\nbest by {self.best_by}: {best} ({best_value})\n")
        write_text(self.out_csv, csv_table(table, title=self.title))
        write_text(self.out_latex, latex_table(table, title=self.title))
        write_json(self.out_json, table)
        self.out_best_value.set(best_value)
        self.out_best_row.set(best)


class LiveTable:
    """
    The same table with what is there so far, for ``tk.register_report(name, LiveTable(results))``.

    :param results: variables by row and column
    :param title: of the column with the names of the rows
    """

    def __init__(self, results: Results, *, title: str = ""):
        self.results = results
        self.title = title

    def __call__(self) -> str:
        table: dict[str, dict[str, Any]] = {
            row: {column: value.get() if value.available() else None for column, value in cells.items()}
            for row, cells in self.results.items()
        }
        return text_table(table, title=self.title)


def best_row(table: Table, column: str) -> str:
    """
    The row with the least value; of equal ones the first. NaN is never the best.

    :raises ValueError: if no row has a number
    """
    values = {row: cells.get(column) for row, cells in table.items()}
    numbers = {row: value for row, value in values.items() if isinstance(value, (int, float)) and not math.isnan(value)}
    if not numbers:
        raise ValueError(f"no row has a number in {column!r}: {values}")
    return min(numbers, key=lambda row: numbers[row])
