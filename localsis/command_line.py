"""
The commands of ``./sis``: each is a module that declares what it takes (``declare``) and does it (``run``).

A command's module imports next to nothing by itself, so that help and completion can ask all of them; what it needs
to do its work it imports when it runs.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, Protocol, cast

from .alike import did_you_mean

Commands = Mapping[str, str]
"""Commands, with the names of their modules."""

OWN_COMMANDS: Commands = {
    "manager": "localsis.manager_command",
    "completion": "localsis.completion_command",
}
"""The commands of the engine itself."""

ALIASES = {"m": "manager", "c": "console"}
"""Sisyphus' short names."""

EXPLANATION = """\
  CONFIG      configs/g2p.py runs py() of configs/g2p.py, configs/g2p.full runs full() of it
  JOB         its id, an alias, its directory, or the start of the hash that its id ends with
  EXPERIMENT  the JOB of a search, or the part of aliases that its jobs share: g2p/demo

{program} COMMAND -h tells more about a command. Runs Sisyphus where it is installed, else the embedded engine
(SIS_ENGINE=embedded or sisyphus decides otherwise). Sisyphus' own commands and options go on to it.
"""


_HELP_COLUMN = 16


class CommandModule(Protocol):
    """
    What the module of a command has.

    :ivar SUMMARY: what the command does, for the list of commands
    """

    SUMMARY: str

    def declare(self, parser: argparse.ArgumentParser) -> None:
        """Adds its arguments and options."""

    def run(self, options: argparse.Namespace) -> int:
        """Does it; gives the exit status."""


class WrongCommand(Exception):
    """A command line that does not fit its parser: the message, and the usage."""


class Parser(argparse.ArgumentParser):
    """As argparse's, but its errors are exceptions, and no option may be shortened."""

    def __init__(self, prog: str, description: str | None = None, epilog: str | None = None, **_: Any):
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            allow_abbrev=False,
            formatter_class=_formatter,
        )

    def error(self, message: str) -> NoReturn:
        """
        :raises WrongCommand: always
        """
        raise WrongCommand(f"{self.format_usage()}{message}")


def command_module(module: str) -> CommandModule:
    """The module of a command."""
    return cast(CommandModule, importlib.import_module(module))


def parser_of(name: str, commands: Commands, program: str = "./sis") -> Parser:
    """The parser of one command."""
    module = command_module(commands[name])
    parser = Parser(f"{program} {name}", getattr(module, "DESCRIPTION", _sentence(module.SUMMARY)))
    module.declare(parser)
    return parser


def parse(arguments: Sequence[str], commands: Commands, program: str = "./sis") -> argparse.Namespace:
    """
    The options of a command line.

    :param arguments: the command and what follows
    :raises WrongCommand: if they do not fit
    :raises SystemExit: after help was printed
    """
    name = ALIASES.get(arguments[0], arguments[0])
    parser = parser_of(name, commands, program)
    options, unknown = parser.parse_known_intermixed_args(list(arguments[1:]))
    if unknown:
        wrong = next((item for item in unknown if item.startswith("-")), unknown[0])
        known = [option for action in parser._actions for option in action.option_strings]
        what = "unknown option" if wrong.startswith("-") else "one word too many:"
        parser.error(f"{what} {wrong}.{did_you_mean(wrong.partition('=')[0], known)}")
    return options


def whole_parser(commands: Commands, program: str = "./sis") -> Parser:
    """One parser with all commands, for help and completion."""
    parser = Parser(program, epilog=EXPLANATION.format(program=program))
    parsers = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, module_name in commands.items():
        module = command_module(module_name)
        module.declare(parsers.add_parser(name, help=module.SUMMARY))
    return parser


def run(arguments: Sequence[str], commands: Commands, program: str = "./sis") -> int:
    """
    Runs one of the commands.

    :return: its exit status; 2 for one that is wrong
    """
    try:
        if not arguments or arguments[0] in ("-h", "--help"):
            print(whole_parser(commands, program).format_help(), end="", file=sys.stdout if arguments else sys.stderr)
            return 0 if arguments else 2
        name = ALIASES.get(arguments[0], arguments[0])
        if name not in commands:
            raise WrongCommand(
                f"there is no command {name!r}.{did_you_mean(name, commands)} There are: {', '.join(commands)}"
            )
        return command_module(commands[name]).run(parse(arguments, commands, program))
    except WrongCommand as error:
        print(error, file=sys.stderr)
        return 2
    except SystemExit as end:  # argparse has printed help
        return int(end.code or 0)


def _formatter(prog: str) -> argparse.HelpFormatter:
    return argparse.RawDescriptionHelpFormatter(prog, max_help_position=_HELP_COLUMN)


def _sentence(summary: str) -> str:
    return summary[0].upper() + summary[1:] + "."
