"""What ``./sis compare`` does."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from ..atomic_file import write_text
from ..inspection.command_output import print_lines
from ..inspection.job_names import Setup
from ..inspection.saved_job import InspectionError
from .comparison import compare
from .named_experiments import job_differences, named_experiment
from .page import comparison_page
from .text import comparison_lines

_WIDTH_OF_A_PIPE = 200


def run(jobs: Sequence[Any], arguments: Sequence[str]) -> int:
    """
    Prints a comparison.

    :param jobs: not used
    :param arguments: the HTML file, or ""; names of experiments
    :return: exit status: 1 if there is no such experiment
    """
    page, *names = arguments
    return print_lines(lambda setup: compared(setup, names, page or None))


def compared(setup: Setup, names: Sequence[str], page: str | None) -> Iterator[str]:
    """
    A comparison as lines, as wide as the terminal.

    :param names: of experiments or jobs
    :param page: HTML file that is written, too
    :raises InspectionError: if one of them is not there, or stands there twice
    """
    names = [name.rstrip("/") for name in names]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InspectionError(f"{', '.join(twice)} stands there twice")
    found = [named_experiment(setup, name) for name in names]
    differences = {one.experiment.name: job_differences(setup, found[0], one) for one in found[1:]}
    comparison = compare([one.experiment for one in found], differences)
    lines = list(comparison_lines(comparison, shutil.get_terminal_size((_WIDTH_OF_A_PIPE, 24)).columns))
    yield from lines[:-1] if lines and not lines[-1] else lines
    if page is not None:
        write_text(page, comparison_page(comparison, " · ".join(names)))
        yield f"page: {page}"
