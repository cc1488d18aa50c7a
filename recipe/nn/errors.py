"""Errors and warnings that point at the line of the person who wrote the model."""

from __future__ import annotations

import linecache
import os
import sys
import warnings
from typing import NamedTuple

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_PROJECT = os.path.dirname(os.path.dirname(os.path.dirname(_HERE)))
_NOT_THE_USERS = (_HERE, *(os.path.join(_PROJECT, directory, "") for directory in ("jobs", "localsis")))


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


def user_source_line() -> SourceLine:
    """The innermost line outside of this package, of jobs and of the engine that led here."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_NOT_THE_USERS):
        frame = frame.f_back
    return SourceLine(frame.f_code.co_filename, frame.f_lineno)


class NetworkError(ValueError):
    """A mistake in a network definition. The message starts with the user's file and line."""

    def __init__(self, message: str, source: SourceLine | None = None):
        source = source or user_source_line()
        line = f"\n    {source.text}" if source.text else ""
        super().__init__(f"{source}: {message}{line}")

    def __reduce__(self):
        return ValueError, self.args


class NetworkWarning(UserWarning):
    """Something in a network definition that is allowed but most likely not meant."""


def warn(message: str, source: SourceLine | None = None) -> None:
    """Shows a :class:`NetworkWarning` at the user's line."""
    source = source or user_source_line()
    warnings.warn_explicit(f"{message}\n    {source.text}", NetworkWarning, source.file, source.line)
