"""Checks of the shell commands that the documentation shows: what they name is there, or running them does it."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable

from .pages import ROOT

TO_BE_WRITTEN = {"configs/mine.py", "configs/spelling.py", "configs/spelling_model.py", "tutorial.py"}
"""Files that a page tells the reader to write."""

PLACEHOLDER = re.compile(r"[A-Z][A-Z_]*(\.[A-Za-z]+)?|/path/to/\S+")
"""What stands for something of the reader's own."""


class WrongCommand(Exception):
    """A command that the documentation shows and that would not work."""


def check_line(line: str) -> None:
    """
    Checks each command of a line.

    :raises WrongCommand: if one of them would not work
    """
    for command in re.split(r"\s&&\s|;\s", line.split(" #")[0].strip()):
        words = shlex.split(command)
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words:
            _checker(words[0])(words)


def is_command(text: str) -> bool:
    """Whether inline code is a command: it begins as one and goes on."""
    words = text.split()
    return len(words) > 1 and words[0] in {*_CHECKERS, "pip"} and not words[1].startswith(("=", "("))


def _checker(program: str) -> Callable[[list[str]], None]:
    name = program.removeprefix(".venv/bin/").removeprefix(".venv/")
    if name in _CHECKERS:
        return _CHECKERS[name]
    if name.startswith("benchmarks/"):
        return lambda words: _script([name, *words[1:]])
    raise WrongCommand(f"nothing is known about the command {program}")


def _make(words: list[str]) -> None:
    done = subprocess.run(["make", "--dry-run", *words[1:]], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise WrongCommand(f"{' '.join(words)}: {done.stderr}")


@functools.lru_cache
def _usage() -> str:
    return subprocess.run([sys.executable, "sis", "--help"], cwd=ROOT, capture_output=True, text=True).stdout


def _sis(words: list[str]) -> None:
    match = re.search(rf"\./sis {words[1]}\b([^\n]*)", _usage())
    if match is None:
        raise WrongCommand(f"./sis has no command {words[1]}; it has:\n{_usage()}")
    given = [word for word in words[2:] if not word.startswith("-")]
    if words[1] in ("manager", "check"):
        for config in given:
            _config(config)
        return
    if words[1] == "try":
        return  # any number of inputs, which test_tutorial gives it
    if words[1] == "draw" and given[:1] and given[0].startswith("configs/"):
        _config(given[0])
    optional = len(re.findall(r"\[[A-Z_]+\]", match[1]))
    wanted = len(re.findall(r"\b[A-Z][A-Z_]+\b", match[1]))
    if given and not wanted - optional <= len(given) <= wanted:
        raise WrongCommand(f"{' '.join(words)}: it takes {wanted} names")
    options = {word for word in words[2:] if word.startswith("-")}
    own_usage = subprocess.run([sys.executable, "sis", words[1], "--help"], cwd=ROOT, capture_output=True, text=True)
    unknown = [option for option in options if option.partition("=")[0] not in own_usage.stderr + own_usage.stdout]
    if unknown:
        raise WrongCommand(f"./sis {words[1]} has no option {unknown[0]}")


def _config(name: str) -> None:
    if PLACEHOLDER.fullmatch(name):
        return
    module, _, function = name.partition("(")[0].rpartition(".")
    file = f"{module}.py"
    if file in TO_BE_WRITTEN:
        return
    path = ROOT / file
    if not path.exists():
        raise WrongCommand(f"there is no {file}")
    functions = [node.name for node in ast.parse(path.read_text()).body if isinstance(node, ast.FunctionDef)]
    if function not in functions:
        raise WrongCommand(f"{file} has no function {function}")


def _pip(words: list[str]) -> None:
    if words[1] not in ("install", "uninstall"):
        raise WrongCommand(f"pip {words[1]}")
    for word in words[2:]:
        extra = re.search(r"\[(\w+)\]", word)
        text = (ROOT / "pyproject.toml").read_text()
        if extra and not re.search(rf"^{extra[1]} = \[", text, re.MULTILINE):
            raise WrongCommand(f"pyproject.toml has no extra {extra[1]}")


def _python(words: list[str]) -> None:
    if words[1] == "-W":
        words = [words[0], *words[3:]]
    if len(words) > 1 and words[1] != "-m":
        _script(words[1:])
    elif len(words) > 1 and importlib.util.find_spec(words[2]) is None:
        raise WrongCommand(f"there is no module {words[2]}")
    elif words[1:3] == ["-m", "pytest"]:
        _pytest([word for word in words[3:] if not word.startswith("-")])


def _pytest(tests: list[str]) -> None:
    for test in tests:
        file, _, function = test.partition("::")
        if not (ROOT / file).exists():
            raise WrongCommand(f"there is no {file}")
        if function and f"def {function}(" not in (ROOT / file).read_text(encoding="utf-8"):
            raise WrongCommand(f"{file} has no {function}")


def _script(words: list[str]) -> None:
    if words[0] in TO_BE_WRITTEN:
        return
    path = ROOT / words[0]
    if not path.exists():
        raise WrongCommand(f"there is no {words[0]}")
    for word in words[1:]:
        if word.startswith("--") and f'"{word.partition("=")[0]}"' not in path.read_text():
            raise WrongCommand(f"{words[0]} has no option {word}")


def _git(words: list[str]) -> None:
    if words[1] != "clone" or not re.fullmatch(r"https://github\.com/[\w-]+/[\w-]+|[A-Z]+", words[2]):
        raise WrongCommand(" ".join(words))


def _debian(words: list[str]) -> None:
    if words[1] != "install" or not set(words[2:]) <= {"g++", "sctk", "graphviz", "make", "git", "python3-venv"}:
        raise WrongCommand(" ".join(words))


def _there(words: list[str]) -> None:
    if shutil.which(words[0]) is None:
        raise WrongCommand(f"there is no program {words[0]}")


def _nothing(words: list[str]) -> None:
    """A command of the cluster or of the shell, with names of the reader's own."""


_CHECKERS: dict[str, Callable[[list[str]], None]] = {
    "make": _make,
    "./sis": _sis,
    ".ci/run": _there,
    "pip": _pip,
    "python": _python,
    "PYTHON": _python,
    "git": _git,
    "apt": _debian,
    "cd": _nothing,
    "scontrol": _nothing,
    "bin/python": _python,
    "bin/pip": _pip,
}
