"""Options that all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--update-golden``."""
    parser.addoption(
        "--update-golden", action="store_true", help="write tests/golden/ anew instead of comparing with it"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declares the mark by which tests that need TensorFlow share processes (``-n 2 --dist loadgroup``)."""
    config.addinivalue_line("markers", "xdist_group(name): tests of one group run in the same process")
