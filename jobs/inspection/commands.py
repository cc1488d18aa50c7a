"""The commands of ``./sis`` that tell about jobs and configs. They run nothing; those about jobs need no engine."""

from __future__ import annotations

import importlib
import os
import re
import sys
from collections.abc import Iterator

from recipe.nn import NetworkError

from .draw import checked_target, draw_job
from .job_names import Setup
from .saved_job import InspectionError
from .show import show, show_forms
from .why import why

USAGE = """usage: ./sis show [--form] JOB   what a job is: state, inputs, arguments, network, config
       ./sis why JOB_A JOB_B     in what two jobs differ, so that they have different ids
       ./sis draw [--depth=N] JOB [FILE]   pictures of the networks of a job
       ./sis draw CONFIG [FILE]            a picture of the jobs of a config
       ./sis check CONFIG        its networks, two steps on made-up data in NumPy and in RETURNN
       ./sis try [--engine=NAME] [--n-best=N] EXPERIMENT [INPUT ...]   a trained model on input of your own

  JOB      its id, an alias, its directory, or the start of the hash that its id ends with
  CONFIG   as for the manager: configs/g2p.py; nothing of it is run
  FILE     .svg (default), .png, .pdf, .dot or .txt
  --form   the canonical forms of its networks alone, as JSON (docs/canonical_form.md)
  --depth  how deep modules are opened in a picture
  EXPERIMENT  the JOB of a search, or the part of aliases that its jobs share: g2p/demo
  INPUT    labels as text, a .wav file, or a .npy file of features; without one: the lines of standard input
  --engine  numpy (default), tensorflow or torch; --n-best: how many hypotheses are shown (default 3)"""

COMMANDS = {"show": (1, 1), "why": (2, 2), "draw": (1, 2), "check": (1, 1), "try": (1, 10_000)}
"""The commands, with how many words each takes, at least and at most."""

OPTIONS = {
    "show": r"--form",
    "why": r"$^",
    "draw": r"--depth=[0-9]+",
    "check": r"$^",
    "try": r"--engine=(numpy|tensorflow|torch)|--n-best=[1-9][0-9]*",
}
"""The options of each, as patterns."""


def main(arguments: list[str]) -> int:
    """
    Runs a command.

    :param arguments: the command and its words
    :return: exit status: 0, 1 if there is no such job or config, 2 for a wrong command
    """
    command, *words = [item for item in arguments if not item.startswith("-")] or [""]
    options = [item for item in arguments if item.startswith("-")]
    least, most = COMMANDS.get(command, (0, -1))
    if not least <= len(words) <= most or not all(re.fullmatch(OPTIONS[command], option) for option in options):
        print(USAGE, file=sys.stderr)
        return 2
    setup = Setup(os.getcwd())
    try:
        if command == "draw" and setup.is_config(words[0]):
            return _draw_config(words, options)
        if command == "try":
            return _try(words, options)
        if command == "check":
            return with_jobs_of(words[0], "jobs.check.check_config:check_config", words)
        for line in _lines(setup, command, words, options):
            print(line.replace(setup.directory + os.sep, ""))  # lines of source, as the user names them
    except (InspectionError, NetworkError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:  # as of `./sis show JOB | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _lines(setup: Setup, command: str, words: list[str], options: list[str]) -> Iterator[str]:
    """What a command about jobs prints."""
    if command == "why":
        return why(setup, words[0], words[1])
    if command == "draw":
        depth = int(options[-1].partition("=")[2]) if options else None
        return draw_job(setup, words[0], words[1] if len(words) > 1 else None, depth)
    return show_forms(setup, words[0]) if options else show(setup, words[0])


def _draw_config(words: list[str], options: list[str]) -> int:
    if options:
        raise InspectionError("--depth is for networks; a config's picture shows its jobs")
    target = checked_target(words[1] if len(words) > 1 else None, words[0])
    return with_jobs_of(words[0], "jobs.inspection.draw:draw_config", [words[0], target])


def _try(words: list[str], options: list[str]) -> int:
    given = dict(option.removeprefix("--").split("=") for option in options)
    arguments = [given.get("engine", "numpy"), given.get("n-best", "3"), *words]
    call_with_jobs = importlib.import_module("localsis.graph_call").call_with_jobs  # only ./sis comes here
    return int(call_with_jobs([], "jobs.trial.command:run", arguments))


def with_jobs_of(config: str, function: str, arguments: list[str]) -> int:
    """
    Calls a function with the jobs of a config, under the engine of this setup.

    :raises InspectionError: if the config cannot be called
    """
    call_with_jobs = importlib.import_module("localsis.graph_call").call_with_jobs  # only ./sis comes here

    try:
        return int(call_with_jobs([config], function, arguments))
    except RuntimeError as error:
        raise InspectionError(str(error)) from error
