"""``./sis check``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "the networks of a config in NumPy and in RETURNN, and a step of each job, before it is submitted"

DESCRIPTION = """\
Runs each network of a config for two steps on made-up data, in NumPy and in RETURNN on all engines that are installed,
and compares the numbers. Then it makes one real step of each job that trains, searches with or runs a network, by
RETURNN with the job's own options (optimizer, learning rate, clipping, batches) on the job's engine, on this machine's
CPU: on a few sequences of its data where they are there, else on made-up ones. Nothing of the config is run."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments."""
    parser.add_argument("config", metavar="CONFIG", help="as for the manager: configs/g2p.py; nothing of it is run")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--numbers", action="store_true", help="only compares numbers")
    only.add_argument("--steps", action="store_true", help="only makes a step of each job")


def run(options: argparse.Namespace) -> int:
    """Checks them; gives the exit status: 0 if all agree and all steps are well."""
    from ..inspection.command_output import with_jobs_of

    only = ["numbers"] * options.numbers + ["steps"] * options.steps
    return with_jobs_of([options.config], f"{__package__}.check_config:check_config", [options.config, *only])
