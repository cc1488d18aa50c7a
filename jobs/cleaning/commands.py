"""The commands of ``./sis`` that clear errors and make room. They run no job and need no engine."""

from __future__ import annotations

import os
import sys

from ..inspection.job_names import Setup
from ..inspection.saved_job import InspectionError
from .retry import retry

USAGE = """usage: ./sis retry [JOB ...]             clears the error of jobs (none named: of all), so that they go on
       ./sis retry --from-start JOB ...  puts their directories aside: they start from the beginning"""

OPTIONS = {"retry": {"--from-start"}}


def main(arguments: list[str]) -> int:
    """
    Runs a command.

    :param arguments: the command and its words
    :return: exit status: 0, 1 if it could not be done, 2 for a wrong command
    """
    command, *words = [item for item in arguments if not item.startswith("-")] or [""]
    options = {item for item in arguments if item.startswith("-")}
    if command not in OPTIONS or options - OPTIONS[command]:
        print(USAGE, file=sys.stderr)
        return 2
    setup = Setup(os.getcwd())
    try:
        for line in retry(setup, words, from_start="--from-start" in options):
            print(line, flush=True)
    except (InspectionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
