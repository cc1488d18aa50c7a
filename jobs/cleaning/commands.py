"""The commands of ``./sis`` that clear errors and make room. They run no job and need no engine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

from ..inspection.job_names import Setup
from ..inspection.saved_job import InspectionError
from .clean import clean
from .retry import retry

USAGE = """usage: ./sis retry [JOB ...]             clears the error of jobs (none named: of all), so that they go on
       ./sis retry --from-start JOB ...  puts their directories aside: they start from the beginning
       ./sis clean                       what takes space in the work directory
       ./sis clean [--dry-run] [--yes] CONFIG ...
                                         what of it the configs do not need; removes that, when you agree

  JOB        its id, an alias, its directory, or the start of the hash that its id ends with
  CONFIG     as for the manager: all configs that use this work directory
  --dry-run  removes nothing, which is also so where nobody can be asked
  --yes      removes without asking"""

OPTIONS = {"retry": {"--from-start"}, "clean": {"--yes", "--dry-run"}}


def main(arguments: list[str]) -> int:
    """
    Runs a command.

    :param arguments: the command and its words
    :return: exit status: 0, 1 if it could not be done, 2 for a wrong command
    """
    command, *words = [item for item in arguments if not item.startswith("-")] or [""]
    options = {item for item in arguments if item.startswith("-")}
    if options & {"-h", "--help"}:
        print(USAGE)
        return 0
    if command not in OPTIONS or options - OPTIONS[command]:
        print(USAGE, file=sys.stderr)
        return 2
    setup = Setup(os.getcwd())
    try:
        for line in _lines(setup, command, words, options):
            print(line, flush=True)
    except (InspectionError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; what was not named yet is as it was", file=sys.stderr)
        return 1
    return 0


def _lines(setup: Setup, command: str, words: list[str], options: set[str]) -> Iterator[str]:
    """What a command prints, and does on the way."""
    if command == "retry":
        return retry(setup, words, from_start="--from-start" in options)
    return clean(setup, words, yes="--yes" in options, dry_run="--dry-run" in options)
