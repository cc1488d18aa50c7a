"""``./sis show``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "what a job is: state, inputs, arguments, network, config"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("job", metavar="JOB", help="id, alias, directory, or the start of the hash")
    parser.add_argument(
        "--form",
        action="store_true",
        help="the canonical forms of its networks alone, as JSON (docs/canonical_form.md)",
    )


def run(options: argparse.Namespace) -> int:
    """Prints it; gives the exit status: 1 if there is no such job."""
    from .command_output import print_lines
    from .show import show, show_forms

    return print_lines(lambda setup: (show_forms if options.form else show)(setup, options.job))
