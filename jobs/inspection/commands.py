"""The commands of ``./sis`` that tell about jobs. They need no engine, and no config."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from .job_names import Setup
from .saved_job import InspectionError
from .show import show, show_forms
from .why import why

USAGE = """usage: ./sis show [--form] JOB   what a job is: state, inputs, arguments, network, config
       ./sis why JOB_A JOB_B     in what two jobs differ, so that they have different ids

  JOB      its id, an alias, its directory, or the start of the hash that its id ends with
  --form   the canonical forms of its networks alone, as JSON (docs/canonical_form.md)"""

COMMANDS = {"show": 1, "why": 2}
"""The commands, with how many jobs each takes."""

OPTIONS: dict[str, set[str]] = {"show": {"--form"}, "why": set()}


def main(arguments: list[str]) -> int:
    """
    Runs a command.

    :param arguments: the command and the names of jobs
    :return: exit status: 0, 1 if there is no such job, 2 for a wrong command
    """
    command, *names = [item for item in arguments if not item.startswith("-")]
    options = {item for item in arguments if item.startswith("-")}
    if command not in COMMANDS or len(names) != COMMANDS[command] or options - OPTIONS[command]:
        print(USAGE, file=sys.stderr)
        return 2
    setup = Setup(os.getcwd())
    lines: Iterator[str]
    if command == "why":
        lines = why(setup, names[0], names[1])
    else:
        lines = show_forms(setup, names[0]) if options else show(setup, names[0])
    try:
        for line in lines:
            print(line.replace(setup.directory + os.sep, ""))  # lines of source, as the user names them
    except InspectionError as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # as of `./sis show JOB | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
