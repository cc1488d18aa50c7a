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
    frame = user_frame()
    return SourceLine(frame.f_code.co_filename, frame.f_lineno)


def _is_users(frame: FrameType) -> bool:
    file = frame.f_code.co_filename
    if file == "<string>" and str(frame.f_globals.get("__name__")).startswith(_PACKAGE):
        return False  # what `dataclasses` makes
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


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about a misspelled name, to put behind a message; nothing if no known name is alike."""
    alike = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean {alike[0]!r}?" if alike else ""


class NetworkError(ValueError):
    """A mistake in a network definition. The message starts with the user's file and line."""

    def __init__(self, message: str, source: SourceLine | None = None):
        source = source or user_source_line()
        line = f"\n    {source.text}" if source.text else ""
        super().__init__(f"{source}: {message}{line}")

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
    source = source or user_source_line()
    shown = _SHOWN.setdefault(source.file, {})
    warnings.warn_explicit(message, NetworkWarning, source.file, source.line, registry=shown)
