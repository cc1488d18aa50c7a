"""A setup in which nothing was run, for tests that make jobs in this process."""

from __future__ import annotations

import pathlib

import pytest

from localsis import settings
from localsis.job import created_jobs


@pytest.fixture(autouse=True)
def setup(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """An empty setup, in which no job is known."""
    monkeypatch.setattr(settings, "BASE_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    created_jobs.clear()
    return tmp_path
