"""The end of a run of the embedded engine: what there is, what failed, and who is told."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from . import outputs, reports, settings
from .job import Job
from .job_names import job_label, job_name
from .missing_inputs import words_of
from .results import Result, read_report, read_result
from .run_end import all_jobs, closing_text
from .stuck_jobs import report_failed


class End(NamedTuple):
    """
    How a run ended.

    :ivar status: exit status: 0 if all outputs are there, else 1
    :ivar text: for the user
    """

    status: int
    text: str


def end_of_run(jobs: Sequence[Job], failed: Mapping[str, str]) -> End:
    """
    What is said in the end.

    :param jobs: that the outputs need
    :param failed: why jobs failed, by their ids
    """
    missing = outputs.missing_outputs()
    status = 1 if missing or failed else 0
    problems = ""
    if status:
        labels = {job._sis_id(): job_label(job_name(job), job._sis_id()) for job in jobs}
        gone = [words_of(path) for path in outputs.removed_outputs()]
        told = report_failed({labels.get(name, name): why for name, why in failed.items()}, missing)
        problems = "\n".join([*gone, told])
    asked_for = [*outputs.registered.values(), *(path for report in reports.registered for path in report.required)]
    text = closing_text(registered_results(), all_jobs(asked_for), problems, settings.OUTPUT_DIR, status)
    return End(status, text)


def registered_results() -> list[Result]:
    """All outputs and reports, as they are now."""
    directory = os.path.join(settings.BASE_DIR, settings.OUTPUT_DIR)
    return [
        *(read_result(name, path) for name, path in outputs.registered.items()),
        *(read_report(report.name, os.path.join(directory, report.name)) for report in reports.registered),
    ]
