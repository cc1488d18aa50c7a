"""A Python console on the embedded engine."""

from __future__ import annotations

import code
import importlib
import importlib.util
import sys
from collections.abc import Sequence
from typing import Any

from sisyphus import tk

from recipe import nn

from .named_jobs import NamedJobs


def open_console(roots: Sequence[Any], arguments: Sequence[str]) -> int:
    """
    Opens it, until the user ends it.

    :param roots: the jobs that are asked for
    :param arguments: "script" if it is to end after the commands, else "open"; and the commands
    :return: exit status
    """
    kind, *commands = arguments
    names: dict[str, Any] = {"tk": tk, "nn": nn, "jobs": NamedJobs(roots), "__name__": "__console__"}
    for command in commands:
        exec(compile(command, "<command>", "exec"), names)
    if kind == "script":
        return 0
    greeting = f"tk, nn, and jobs: {len(names['jobs'])} of them, {_example(names['jobs'])}"
    if importlib.util.find_spec("IPython") is not None:
        ipython = importlib.import_module("IPython")
        print(greeting)
        ipython.start_ipython(argv=["--no-banner"], user_ns=names)
        return 0
    _complete_names(names)
    code.interact(f"Python {sys.version.split()[0]}. {greeting}", local=names, exitmsg="")
    return 0


def _example(jobs: NamedJobs) -> str:
    first = next((name for name in jobs), None)
    return f"jobs[{first!r}] is one" if first else "as no config was given"


def _complete_names(names: dict[str, Any]) -> None:
    """Lets the tabulator key complete names, where this Python has readline."""
    if importlib.util.find_spec("readline") is None:
        return
    readline, rlcompleter = importlib.import_module("readline"), importlib.import_module("rlcompleter")
    readline.set_completer(rlcompleter.Completer(names).complete)
    readline.parse_and_bind("tab: complete")
