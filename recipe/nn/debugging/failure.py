"""Errors and lines of users' files, as reports have them."""

from __future__ import annotations

import os

from ..plain.errors import SourceLine

_MOST_TEXT = 300


def error_text(error: BaseException, said: str | None = None) -> str:
    """
    An error in a line.

    :param said: what it says, if that is not its text
    """
    said = " ".join((str(error) if said is None else said).split())
    said = f"{type(error).__name__}: {said}" if said else f"{type(error).__name__} without a text"
    return f"{said[:_MOST_TEXT]} ..." if len(said) > _MOST_TEXT else said


def line_text(source: SourceLine) -> str:
    """A line of a user's file with its place."""
    return f"{short_path(source.file)}:{source.line}{f': {source.text}' if source.text else ''}"


def short_path(file: str) -> str:
    """A path as seen from here, where that is shorter."""
    return min(file, os.path.relpath(file), key=len)
