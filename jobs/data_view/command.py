"""``./sis data``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "examples of the data that the trainings of a config would see"

DESCRIPTION = """\
Shows the datasets of each training of a config, read by RETURNN's own classes: shapes, lengths as a histogram, labels
as text, features as a picture, and recordings to listen to where they are known. Nothing is run: what a job has not
made yet is said."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("config", metavar="CONFIG", help="as for the manager: configs/g2p.py")
    parser.add_argument(
        "--examples", type=_count, default=3, metavar="N", help="sequences that are shown (default: %(default)s)"
    )
    parser.add_argument(
        "--read",
        type=_count,
        default=1000,
        metavar="N",
        help="sequences whose lengths are counted: the first ones of the epoch (default: %(default)s)",
    )
    parser.add_argument("--epoch", type=_count, default=1, metavar="N", help="of the order (default: %(default)s)")
    parser.add_argument(
        "--pictures",
        default=".",
        metavar="DIR",
        help="where pictures of features, and sounds of archives, are written (default: here)",
    )


def run(options: argparse.Namespace) -> int:
    """Shows them; gives the exit status: 1 if a dataset cannot be read."""
    from ..inspection.command_output import with_jobs_of

    arguments = [options.config, str(options.examples), str(options.read), str(options.epoch), options.pictures]
    return with_jobs_of([options.config], f"{__package__}.view:view_config", arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
