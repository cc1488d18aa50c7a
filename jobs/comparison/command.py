"""``./sis compare``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "results, curves and options of experiments beside each other, with what differs by more than chance"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument(
        "experiments",
        metavar="EXPERIMENT",
        nargs="+",
        help="the part of aliases and outputs that its jobs share, as g2p/demo, or a job; the first is compared with",
    )
    parser.add_argument("--html", metavar="FILE", help="also write it as a page, with the curves")


def run(options: argparse.Namespace) -> int:
    """Prints it; gives the exit status: 1 if there is no such experiment."""
    from ..inspection.command_output import with_jobs_of

    return with_jobs_of([], f"{__package__}.show:run", [options.html or "", *options.experiments])
