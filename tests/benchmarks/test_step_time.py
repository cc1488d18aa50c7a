"""Our config and the one written by hand take steps in turns, and compute the same, in training and in search."""

from __future__ import annotations

from .programs import run_benchmark


def test_training_and_search() -> None:
    printed = run_benchmark("step_time", "--size", "tiny", "--steps", "1")
    assert printed.count("by hand") == 2
