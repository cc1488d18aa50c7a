"""``./sis try``: the command."""

from __future__ import annotations

import argparse

SUMMARY = "a trained model on input of your own: a word, a recording, an array"


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument(
        "experiment",
        metavar="EXPERIMENT",
        help="the job of a search, or the part of aliases that its jobs share: g2p/demo",
    )
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="*",
        default=[],
        help="labels as text, a .wav file, or a .npy file of features; without one: the lines of standard input",
    )
    parser.add_argument(
        "--engine",
        choices=("numpy", "tensorflow", "torch"),
        default="numpy",
        help="what computes it (default: %(default)s)",
    )
    parser.add_argument(
        "--n-best", type=_count, default=3, metavar="N", help="how many hypotheses are shown (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Searches, and prints what was found; gives the exit status."""
    from ..inspection.command_output import with_jobs_of

    arguments = [options.engine, str(options.n_best), options.experiment, *options.inputs]
    return with_jobs_of([], f"{__package__}.trial:run", arguments)


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
