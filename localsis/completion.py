"""What a shell completes on the command line of ``./sis``: commands, options, configs with their functions, jobs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterator
from typing import Any

import argcomplete

from .config_names import config_files, config_names
from .settings_file import read

Completer = Callable[..., list[str]]


def complete(parser: argparse.ArgumentParser) -> None:
    """
    Answers the shell that asks, and ends this process.

    :param parser: with all commands
    """
    for one in [parser, *_commands(parser)]:
        for action in one._actions:
            completer = _completer(str(action.metavar or ""))
            if completer is not None:
                vars(action)["completer"] = completer
    argcomplete.autocomplete(parser)


def shell_code(shell: str) -> str:
    """What a shell runs to have the command line completed."""
    return str(argcomplete.shellcode(["sis"], shell=shell))


def configs(prefix: str, **_: Any) -> list[str]:
    """The configs that a word may be: files, and the functions of the file that it names so far."""
    values = read(os.getcwd())
    top = prefix.partition("/")[0] if "/" in prefix else str(values.get("CONFIG_PREFIX", "config"))
    files = [file for file in config_files(os.getcwd(), top) if file.startswith(_stem(prefix))]
    found = []
    for file in files:
        names = config_names(file, file)
        first = f"{file.removesuffix('.py')}.py"
        named = len(files) == 1 or prefix.startswith(f"{file.removesuffix('.py')}.")
        if names:
            found += names if named or first not in names else [first]
    return found


def jobs(prefix: str, **_: Any) -> list[str]:
    """The aliases that a word may be; where none begins so, the ids of jobs."""
    values = read(os.getcwd())
    aliases = [alias for alias in _links(values["ALIAS_DIR"]) if alias.startswith(prefix)]
    return aliases or [job for job in _job_directories(values["WORK_DIR"]) if job.startswith(prefix)]


def experiments(prefix: str, **_: Any) -> list[str]:
    """The parts that aliases of jobs share, and the aliases."""
    aliases = jobs(prefix)
    return sorted(
        {os.path.dirname(alias) for alias in aliases if os.path.dirname(alias).startswith(prefix)} | {*aliases}
    )


def _completer(metavar: str) -> Completer | None:
    """What completes an argument, by what help calls it."""
    if metavar == "JOB|CONFIG":
        return lambda prefix, **_: jobs(prefix) + configs(prefix)
    by_name = {"CONFIG": configs, "JOB": jobs, "JOB_A": jobs, "JOB_B": jobs, "EXPERIMENT": experiments}
    return by_name.get(metavar)


def _commands(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    groups = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return [one for group in groups for one in group.choices.values()]


def _stem(prefix: str) -> str:
    head, _, last = prefix.rpartition("/")
    return os.path.join(head, last.partition(".")[0]) if head else ""


def _links(directory: str) -> Iterator[str]:
    for place, names, files in os.walk(directory):
        for name in sorted([*names, *files]):
            path = os.path.join(place, name)
            if os.path.islink(path):
                yield os.path.relpath(path, directory)


def _job_directories(directory: str) -> Iterator[str]:
    for place, names, _ in os.walk(directory):
        jobs = [name for name in names if os.path.exists(os.path.join(place, name, "job.save"))]
        yield from (os.path.relpath(os.path.join(place, name), directory) for name in sorted(jobs))
        names[:] = [name for name in names if name not in jobs]
