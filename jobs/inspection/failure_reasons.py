"""Why a job failed, by its logs, where ``./sis`` is: what reads them is a part of the embedded engine."""

from __future__ import annotations

import importlib
import importlib.util


def failure_reasons(directory: str) -> list[str]:
    """
    The reasons of all failed tasks of a job, each of some lines; in another setup, where there is no ``./sis``, none.

    :param directory: of the job
    """
    if importlib.util.find_spec("localsis") is None:
        return []
    return [one.why for one in importlib.import_module("localsis.failure_log").failures(directory)]
