"""``./sis completion``: the command."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys

SUMMARY = "prints what lets bash or zsh complete commands, options, configs and jobs"

DESCRIPTION = """\
Prints what lets a shell complete commands, options, configs with their functions, and aliases of jobs. In bash, for
this shell (in ~/.bashrc, for all, with the path of this ./sis):

    eval "$(./sis completion bash)"

and the same with zsh, after `autoload -U compinit; compinit`."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its argument."""
    parser.add_argument("shell", choices=("bash", "zsh"), metavar="SHELL", help="bash or zsh")


def run(options: argparse.Namespace) -> int:
    """Prints it; gives the exit status."""
    if importlib.util.find_spec("argcomplete") is None:
        from .config_errors import how_to_install

        how = how_to_install("argcomplete", os.getcwd())
        print(f"the package argcomplete is not installed. Install it: {how}", file=sys.stderr)
        return 1
    from .completion import shell_code

    print(shell_code(options.shell))
    return 0
