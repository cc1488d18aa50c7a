"""Reports: text files below ``output/`` that are written anew while jobs run."""

from __future__ import annotations

import os
import pprint
import time
from typing import Any

from . import settings
from .inputs import extract_paths
from .paths import AbstractPath

registered: list[Report] = []


class Report:
    """
    One report.

    :param name: of the file below ``output/``
    :param values: what is in it: a structure of variables, or a function without arguments that gives the text
    :param template: the text, with ``{name}`` for values
    :param required: what it needs; default: all paths in the values
    :param update_frequency: seconds between two updates
    """

    def __init__(self, name: str, values: Any, template: str | None, required: Any, update_frequency: float):
        self.name, self.values, self.template = name, values, template
        self.required: set[AbstractPath] = extract_paths(values if required is None else required)
        self.update_frequency = update_frequency
        self._written_at = -float("inf")

    def update(self, *, force: bool = False) -> None:
        """Writes it, if it is time."""
        if not force and time.monotonic() - self._written_at < self.update_frequency:
            return
        self._written_at = time.monotonic()
        path = os.path.join(settings.BASE_DIR, settings.OUTPUT_DIR, self.name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.write(self._text())
        os.replace(path + ".part", path)

    def _text(self) -> str:
        if self.template:
            return self.template.format(**self.values)
        if callable(self.values):
            return str(self.values())
        return pprint.pformat(self.values, width=140) + "\n"


def register_report(
    name: str, values: Any, template: str | None = None, required: Any = None, update_frequency: float = 300
) -> Report:
    """Asks for a report, and for all that it needs."""
    report = Report(settings.ALIAS_AND_OUTPUT_SUBDIR + name, values, template, required, update_frequency)
    registered.append(report)
    return report


def update_reports(*, force: bool = False) -> list[str]:
    """Writes all reports for which it is time; gives what went wrong, which ends nothing."""
    problems = []
    for report in registered:
        try:
            report.update(force=force)
        except Exception as error:
            problems.append(f"report {report.name}: {error!r}")
    return problems
