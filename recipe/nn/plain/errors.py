"""Errors and warnings that point at the line of the person who wrote the model."""

from __future__ import annotations

import difflib
import linecache
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterable
from types import FrameType
from typing import Any, NamedTuple

_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep  # recipe/nn
_BESIDE = os.path.dirname(os.path.dirname(_HERE))  # recipe/, or the package of another name that is used elsewhere
_PROJECT = os.path.dirname(_BESIDE)
_PACKAGE = __name__.removesuffix("plain.errors")
_NOT_THE_USERS = (
    _HERE,
    *(os.path.join(*place, "") for place in ((_PROJECT, "jobs"), (_PROJECT, "localsis"), (_BESIDE, "jobs"))),
)
_NETWORK = os.path.join(_HERE, "network.py")
_STANDARD_LIBRARY = sysconfig.get_path("stdlib") + os.sep
_IS_USER_FILE: dict[str, bool] = {}


class SourceLine(NamedTuple):
    """A place in the user's own source."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        """The source text of the line, stripped; empty where it cannot be read."""
        return linecache.getline(self.file, self.line).strip()

    def seen_from(self, other: SourceLine) -> str:
        """How a message about the other line names this one; nothing if it is that line."""
        if self == other:
            return ""
        return f"line {self.line}" if self.file == other.file else f"{os.path.basename(self.file)}:{self.line}"


def user_frame() -> FrameType:
    """The innermost frame that led here outside of this package, of jobs, the engine, and the standard library."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        known = _IS_USER_FILE.get(frame.f_code.co_filename)
        if known or (known is None and _is_users(frame)):
            break
        frame = frame.f_back
    return frame


def user_source_line() -> SourceLine:
    """The line that :func:`user_frame` is at."""
    return source_line(user_frame())


_LINES: dict[tuple[str, int], SourceLine] = {}


def source_line(frame: FrameType) -> SourceLine:
    """The line that a frame is at; one object for each line, as many ops come from it."""
    key = frame.f_code.co_filename, frame.f_lineno
    line = _LINES.get(key)
    if line is None:
        line = _LINES[key] = SourceLine(*key)
    return line


def _is_users(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file == "<string>":  # of a user's exec, or what `dataclasses` makes
        return not str(frame.f_globals.get("__name__")).startswith(_PACKAGE)
    if file not in _IS_USER_FILE:
        in_library = file.startswith(_STANDARD_LIBRARY) and "site-packages" not in file
        _IS_USER_FILE[file] = not file.startswith(_NOT_THE_USERS) and not in_library
    return _IS_USER_FILE[file]


def variable_name(value: Any) -> str | None:
    """What the user's code, where it stands now, calls a value: a variable, or a part of one; None if nothing does."""
    variables = list(user_frame().f_locals.items())
    for name, held in variables:
        if held is value:
            return name
    for name, held in variables:
        if isinstance(held, tuple) and hasattr(held, "_fields"):
            for part in held._fields:
                if getattr(held, part) is value:
                    return f"{name}.{part}"
    return None


def is_method_of(owner: Any) -> bool:
    """Whether the code that set an attribute of an object, two calls up from here, is that of one of its methods."""
    frame = sys._getframe(2)
    arguments = frame.f_code.co_varnames[: frame.f_code.co_argcount]
    return bool(arguments) and frame.f_locals.get(arguments[0]) is owner


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about a misspelled name, to put behind a message; nothing if no known name is alike."""
    names = list(known)
    alike = [one for one in names if one.lower() == name.lower()] or difflib.get_close_matches(name, names, n=1)
    return f" Did you mean {alike[0]!r}?" if alike else ""


def is_library(file: str) -> bool:
    """Whether a file is of a library: of this project's models, or an installed package."""
    return file.startswith(_BESIDE + os.sep) or "site-packages" in file


def program_frame() -> FrameType:
    """The innermost frame of the user's program itself, not of a library that it calls."""
    first = frame = user_frame()
    while is_library(frame.f_code.co_filename) or not _is_users(frame):
        if frame.f_back is None:
            return first
        frame = frame.f_back
    return frame


def place_and_other(source: SourceLine | None) -> tuple[SourceLine, str, SourceLine | None]:
    """
    The line that a message blames, and another one that has to do with it, with the word for how.

    Of a line of a library that the user's model calls it is the line of that model, and the other one is that of the
    library; of a line of other files, the other one is where their code was called.

    :param source: the line of the mistake; default: where the user's code stands now
    """
    inside, outside = _lines_of_calls()
    source = source or user_source_line()
    same = [n for n, line in enumerate(inside) if line == source] or [
        n for n, line in enumerate(inside) if line.file == source.file
    ]
    callers = inside[same[0] + 1 :] if same else []
    others = [line for line in callers if line.file != source.file]
    users = [line for line in others if not is_library(line.file)]
    if is_library(source.file):
        if users:
            return users[0], "in", source
        others += [line for line in outside if not is_library(line.file)]  # where the network is made
        return (source, "called in", others[0]) if others else (source, "", None)
    return (source, "called in", users[0]) if users else (source, "", None)


def _lines_of_calls() -> tuple[list[SourceLine], list[SourceLine]]:
    """The lines that the user's code is at, innermost first: in the model that is being recorded, and around that."""
    inside: list[SourceLine] = []
    outside: list[SourceLine] = []
    lines = inside
    frame: FrameType | None = user_frame()
    while frame is not None:
        if frame.f_code.co_filename == _NETWORK and frame.f_code.co_name == "__init__":
            lines = outside
        elif _is_users(frame):
            lines.append(SourceLine(frame.f_code.co_filename, frame.f_lineno))
        frame = frame.f_back
    return (inside, outside) if lines is outside else ([], inside)


class NetworkError(ValueError):
    """A mistake in a network definition. The message starts with the user's file and line."""

    def __init__(self, message: str, source: SourceLine | None = None):
        source, word, other = place_and_other(source)
        text = f"\n    {source.text}" if source.text else ""
        if other is not None:
            text += f"\n  {word} {other}:" + (f"\n    {other.text}" if other.text else "")
        super().__init__(f"{source}: {message}{text}")
        self._message = message

    def at(self, source: SourceLine) -> NetworkError:
        """The same about another line."""
        return type(self)(self._message, source)

    def __reduce__(self):
        return ValueError, self.args


class MissingAttributeError(NetworkError, AttributeError):
    """A :class:`NetworkError` about an attribute, which ``hasattr`` and ``getattr`` understand, too."""


class NetworkWarning(UserWarning):
    """Something in a network definition that is allowed but most likely not meant."""


_SHOWN: dict[str, dict[Any, Any]] = {}
"""What :mod:`warnings` keeps by file, so that each line is warned of once, however many networks there are."""


def warn(message: str, source: SourceLine | None = None) -> None:
    """Shows a :class:`NetworkWarning` at the user's line."""
    source, word, other = place_and_other(source)
    if other is not None and word == "in":
        message = f"{message} ({other})"
    shown = _SHOWN.setdefault(source.file, {})
    warnings.warn_explicit(message, NetworkWarning, source.file, source.line, registry=shown)
