"""``./sis check``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "the networks of a config, two steps on made-up data in NumPy and in RETURNN"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its argument."""
    parser.add_argument("config", metavar="CONFIG", help="as for the manager: configs/g2p.py; nothing of it is run")


def run(options: argparse.Namespace) -> int:
    """Checks them; gives the exit status: 0 if all agree."""
    from ..inspection.command_output import with_jobs_of

    return with_jobs_of([options.config], f"{__package__}.check_config:check_config", [options.config])
