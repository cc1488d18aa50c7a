"""Options that all tests share, and the programs that some of them need."""

from __future__ import annotations

import os
import shutil
from typing import NamedTuple

import pytest

from . import browser, collector, warm_returnn, without_returnn


class Program(NamedTuple):
    """
    A program that tests need and pip does not install.

    :ivar mark: of these tests
    :ivar names: what it may be called
    :ivar package: Debian's package of it
    :ivar tests: what these tests do
    """

    mark: str
    names: tuple[str, ...]
    package: str
    tests: str

    @property
    def is_installed(self) -> bool:
        """Whether it is there under one of its names."""
        return any(shutil.which(name) for name in self.names)


SCLITE = Program("needs_sclite", ("sclite", "sctk"), "sctk", "what compares with real sclite")
CHROMIUM = Program("needs_chromium", browser.NAMES, "chromium", "what looks at pages in a browser")
PROGRAMS = (SCLITE, CHROMIUM)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--update-golden``, ``--without-returnn`` and ``--all-programs``."""
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing with it"
    )
    parser.addoption(
        "--without-returnn", action="store_true", help="NumPy alone: a test ends where it needs RETURNN (make quick)"
    )
    parser.addoption(
        "--all-programs",
        action="store_true",
        help="also programs that the language does not take yet (tests/recipe/nn/programs); all searches in RETURNN",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the marks of tests that share processes for TensorFlow (``-n 3 --dist loadgroup``) or need programs."""
    if config.getoption("--without-returnn"):
        without_returnn.leave_out()
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in the same process")
    for program in PROGRAMS:
        config.addinivalue_line("markers", f"{program.mark}: {program.tests}")


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says what is left out."""
    return [
        f"{program.names[0]} is not installed (Debian: apt install {program.package}): {program.tests} is left out"
        for program in PROGRAMS
        if not program.is_installed
    ]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """
    Leaves out tests whose program is not installed; in CI it must be.

    :raises pytest.UsageError: in CI without one of them
    """
    missing = [program for program in PROGRAMS if not program.is_installed]
    if missing and os.environ.get("CI"):
        packages = ", ".join(program.package for program in missing)
        raise pytest.UsageError(f"programs are missing: .ci/run installs Debian's packages {packages} where it may")
    left_out = [item for item in items if any(item.get_closest_marker(program.mark) for program in missing)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_runtest_setup() -> None:
    """Python's garbage collector leaves alone what was imported."""
    collector.set_aside()


def pytest_sessionfinish() -> None:
    """Ends the servers of RETURNN."""
    warm_returnn.stop()
