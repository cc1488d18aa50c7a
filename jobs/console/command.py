"""``./sis console``: the command."""

from __future__ import annotations

import argparse
import importlib

SUMMARY = "Python with tk, nn and the jobs of configs by their aliases"

DESCRIPTION = """\
Opens Python (IPython, where that is installed) after the configs were called; nothing of them is run. There are `tk`,
`nn`, and `jobs`: jobs["g2p/demo/training"] is the job of that alias, id, or start of a hash, and list(jobs) lists them.

With Sisyphus it is the console of Sisyphus, and its own options are passed on: --load JOB, -c COMMAND, --script,
--skip_config."""

PREPARATION = f"from recipe import nn; from {__package__}.named_jobs import graph_jobs; jobs = graph_jobs()"
"""What is run in Sisyphus' console."""


def declare(parser: argparse.ArgumentParser) -> None:
    """Adds its arguments and options."""
    parser.add_argument("configs", metavar="CONFIG", nargs="*", default=[], help="as for the manager: configs/g2p.py")
    parser.add_argument(
        "-c",
        dest="commands",
        action="append",
        default=[],
        metavar="COMMAND",
        help="runs this first; also several times",
    )
    parser.add_argument("--script", "-s", action="store_true", help="ends after the commands of -c")


def run(options: argparse.Namespace) -> int:
    """Opens it on the embedded engine; gives the exit status."""
    from ..inspection.command_output import with_jobs_of

    arguments = ["script" if options.script else "open", *options.commands]
    return with_jobs_of(options.configs, f"{__package__}.embedded:open_console", arguments)


def run_sisyphus(arguments: list[str]) -> int:
    """
    Opens that of Sisyphus.

    :param arguments: all that the command line says
    """
    program = importlib.import_module("localsis.sisyphus_program")  # only ./sis comes here
    config_error = importlib.import_module("localsis.config_names").ConfigError
    try:
        program.check_configs(arguments[1:])
    except config_error as error:
        raise RuntimeError(str(error)) from error
    has_graph = "--load" not in arguments and "--skip_config" not in arguments
    return int(program.pass_on([arguments[0], *(["-c", PREPARATION] if has_graph else []), *arguments[1:]]))
