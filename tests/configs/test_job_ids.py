"""The ids of all jobs of all configs, kept so that a change of one is seen: users' results are found by them."""

from __future__ import annotations

import importlib
import json
import pathlib

import pytest

import localsis

localsis.install()

from localsis import outputs  # noqa: E402 - what jobs import must be installed first
from localsis.job import created_jobs  # noqa: E402

FILE = pathlib.Path(__file__).parents[1] / "golden" / "job_ids.json"
"""Recorded before recipe/nn was parted into rooms (commit 1309500)."""

IDS: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("empty_graph")
@pytest.mark.parametrize("graph", IDS)
def test_job_ids(graph: str) -> None:
    config, _, function = graph.rpartition(".")
    getattr(importlib.import_module(f"configs.{config}"), function)()
    outputs.wanted_jobs()
    assert sorted(job._sis_id() for job in created_jobs.values()) == IDS[graph]
