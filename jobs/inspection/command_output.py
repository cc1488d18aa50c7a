"""What a command about jobs prints, and with which exit status it ends."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence

from recipe.nn import NetworkError

from .job_names import Setup
from .saved_job import InspectionError


def print_lines(command: Callable[[Setup], Iterable[str]]) -> int:
    """
    Prints what a command tells about the setup of this directory, line by line.

    :return: exit status: 1 if it cannot be done
    """
    setup = Setup(os.getcwd())
    try:
        for line in command(setup):
            print(line.replace(setup.directory + os.sep, ""), flush=True)  # files, as the user names them
    except (InspectionError, NetworkError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # as of `./sis show JOB | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was not named yet is as it was", file=sys.stderr)
        return 1
    return 0


def with_jobs_of(configs: Sequence[str], function: str, arguments: Sequence[str]) -> int:
    """
    Calls a function with the jobs of configs, under the engine of this setup; nothing of them is run.

    :param function: ``package.module:name``; it gets the jobs and the arguments, and gives the exit status
    :return: that; 1 if a config cannot be called
    """
    call_with_jobs = importlib.import_module("localsis.graph_call").call_with_jobs  # only ./sis comes here
    try:
        return int(call_with_jobs(list(configs), function, list(arguments)))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
