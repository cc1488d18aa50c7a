"""Options that all tests share."""

from __future__ import annotations

import os
import shutil

import pytest

NEEDS_SCLITE = "needs_sclite"
HAS_SCLITE = bool(shutil.which("sclite") or shutil.which("sctk"))


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--update-golden``."""
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing with it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the mark by which tests that need TensorFlow share processes (``-n 2 --dist loadgroup``)."""
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in the same process")
    config.addinivalue_line("markers", f"{NEEDS_SCLITE}: tests that compare with real sclite")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says what is left out."""
    return (
        [] if HAS_SCLITE else ["sclite is not installed (Debian: apt install sctk): what compares with it is left out"]
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leaves out what compares with sclite where that is not installed; in CI it must be.

    :raises pytest.UsageError: in CI without sclite
    """
    if HAS_SCLITE:
        return
    if os.environ.get("CI"):
        raise pytest.UsageError("sclite is not installed: .ci/run installs Debian's package sctk where it may")
    left_out = [item for item in items if item.get_closest_marker(NEEDS_SCLITE)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]
