"""``./sis retry``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "clears the error of jobs that failed, so that they go on"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("jobs", metavar="JOB", nargs="*", default=[], help="which; none named: all jobs that failed")
    parser.add_argument(
        "--from-start", action="store_true", help="puts their directories aside: they start from the beginning"
    )


def run(options: argparse.Namespace) -> int:
    """Clears them, and tells what was done; gives the exit status."""
    from ..inspection.command_output import print_lines
    from .retry import retry

    return print_lines(lambda setup: retry(setup, options.jobs, from_start=options.from_start))
