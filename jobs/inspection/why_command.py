"""``./sis why``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "in what two jobs differ, so that they have different ids"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments."""
    parser.add_argument("job_a", metavar="JOB_A", help="id, alias, directory, or the start of the hash")
    parser.add_argument("job_b", metavar="JOB_B", help="another one")


def run(options: argparse.Namespace) -> int:
    """Prints it; gives the exit status: 1 if there is no such job."""
    from .command_output import print_lines
    from .why import why

    return print_lines(lambda setup: why(setup, options.job_a, options.job_b))
