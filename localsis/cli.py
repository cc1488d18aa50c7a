"""The command line of ``./sis``: a command of this setup, or one of Sisyphus' where that is installed."""

from __future__ import annotations

import os
import sys

from .beyond import SISYPHUS
from .command_line import ALIASES, OWN_COMMANDS, Commands, command_module, run, whole_parser

WORKER = "worker"


def main(arguments: list[str], commands: Commands = OWN_COMMANDS) -> int:
    """
    Runs a command.

    :param commands: those of this setup, with the names of their modules
    :return: exit status: 0 all went well (of the manager: all outputs are there), 1 it did not, 2 a wrong command
    """
    if "_ARGCOMPLETE" in os.environ:
        from .completion import complete

        complete(whole_parser(commands))
    wants_help = not arguments or "-h" in arguments or "--help" in arguments
    name = ALIASES.get(arguments[0], arguments[0]) if arguments else ""
    known = name in commands
    passes_on = not known or hasattr(command_module(commands[name]), "run_sisyphus")
    if not passes_on or (wants_help and (known or arguments[:1] in ([], ["-h"], ["--help"]))):
        return run(arguments, commands)
    from .sisyphus_program import choose_engine, pass_on

    try:
        if choose_engine() == "sisyphus":
            run_sisyphus = vars(command_module(commands[name]))["run_sisyphus"] if known else pass_on
            return int(run_sisyphus(arguments))
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    if name == WORKER and len(arguments) == 4:  # as worker_wrapper of settings.py may call it
        from .worker import start

        return start(arguments[1], arguments[2], int(arguments[3]))
    status = run(arguments, commands)
    if not known:
        print(f"Sisyphus may have it; the embedded engine has not: {SISYPHUS}", file=sys.stderr)
    return status
