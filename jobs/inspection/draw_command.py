"""``./sis draw``: the command."""

from __future__ import annotations

import argparse
import os
import sys

SUMMARY = "the networks of a job, or the jobs of a config, as pictures"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("job", metavar="JOB|CONFIG", help="a job, or configs/g2p.py; nothing of it is run")
    parser.add_argument("file", metavar="FILE", nargs="?", help=".svg (default), .png, .pdf, .dot or .txt")
    parser.add_argument("--depth", type=int, metavar="N", help="how deep the modules of a network are opened")


def run(options: argparse.Namespace) -> int:
    """Draws, and prints the names of the files; gives the exit status."""
    from .command_output import print_lines, with_jobs_of
    from .draw import checked_target, draw_job
    from .job_names import Setup
    from .saved_job import InspectionError

    setup = Setup(os.getcwd())
    if not setup.is_config(options.job):
        return print_lines(lambda setup: draw_job(setup, options.job, options.file, options.depth))
    try:
        if options.depth is not None:
            raise InspectionError("--depth is for networks; a config's picture shows its jobs")
        target = checked_target(options.file, options.job)
    except InspectionError as error:
        print(error, file=sys.stderr)
        return 1
    return with_jobs_of([options.job], f"{__package__}.draw:draw_config", [options.job, target])
