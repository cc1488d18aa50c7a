"""The benchmark for a GPU runs on a CPU with small models, and without TensorFlow."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

pytest.importorskip("torch", reason="runs with PyTorch")

PROJECT = pathlib.Path(__file__).resolve().parents[2]
RUN = """
import sys
sys.path.insert(0, {project!r})
from benchmarks.gpu import SMALL, run
figures = run(SMALL, "cpu", 0.1)
assert len(figures) == 4
assert all(one.per_second > 0 for both in figures.values() for one in both.values())
assert "tensorflow" not in sys.modules
print("all four ran")
"""


def test_small_models_on_a_cpu() -> None:
    """Each is the same by hand; it stops where a value differs."""
    command = [sys.executable, "-c", RUN.format(project=str(PROJECT))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "all four ran" in done.stdout, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.count("differ by") == 8
