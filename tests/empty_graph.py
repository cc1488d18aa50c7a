"""A fixture for tests of job graphs: ``sisyphus`` is the embedded engine, with an empty graph for each test."""

from __future__ import annotations

import pytest

import localsis

localsis.install()

from localsis import outputs, reports  # noqa: E402 - what jobs import must be installed first
from localsis.job import created_jobs  # noqa: E402


@pytest.fixture(autouse=True)
def empty_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    """No job and no output of other tests."""
    created_jobs.clear()
    monkeypatch.setattr(outputs, "registered", {})
    monkeypatch.setattr(outputs, "callbacks", [])
    monkeypatch.setattr(reports, "registered", [])
