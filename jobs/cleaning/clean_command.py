"""``./sis clean``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "what takes space in the work directory, and removes what configs do not need"

DESCRIPTION = """\
Without a config: what takes space in the work directory. With configs: what of it they do not need; removes that,
when you agree. Name all configs that use this work directory."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("configs", metavar="CONFIG", nargs="*", default=[], help="as for the manager")
    parser.add_argument(
        "--dry-run", action="store_true", help="removes nothing, which is also so where nobody can be asked"
    )
    parser.add_argument("--yes", action="store_true", help="removes without asking")


def run(options: argparse.Namespace) -> int:
    """Cleans, and tells what was done; gives the exit status."""
    from ..inspection.command_output import print_lines
    from .clean import clean

    return print_lines(lambda setup: clean(setup, options.configs, yes=options.yes, dry_run=options.dry_run))
