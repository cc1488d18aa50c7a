"""
``pytest --without-returnn``: tests in NumPy alone, in seconds.

A test that compares NumPy with RETURNN (``check_agreement``) records its programs, runs them in NumPy and compares the
values with those that it expects. Where a test needs what RETURNN or TensorFlow gives, it is skipped at that place.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any, NoReturn

import pytest

PACKAGES = ("returnn", "tensorflow", "keras")


class _Refusal(importlib.abc.MetaPathFinder):
    """Skips the test that imports one of the packages."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname.partition(".")[0] in PACKAGES:
            skip()
        return None


class NotRun:
    """Stands for what RETURNN would have given: a test that looks at it is skipped."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        skip()


def skip() -> NoReturn:
    """Ends the test here."""
    pytest.skip("needs RETURNN", allow_module_level=True)


def leave_out() -> None:
    """
    From now on, neither RETURNN nor TensorFlow is imported in this process.

    :raises pytest.UsageError: if one was imported already
    """
    imported = [package for package in PACKAGES if package in sys.modules]
    if imported:
        raise pytest.UsageError(f"--without-returnn: {', '.join(imported)} was imported before")
    sys.meta_path.insert(0, _Refusal())


def is_left_out() -> bool:
    """Whether the tests run in NumPy alone."""
    return any(isinstance(finder, _Refusal) for finder in sys.meta_path)
