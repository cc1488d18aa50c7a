"""Runs a benchmark as the documentation says, at tiny sizes."""

from __future__ import annotations

import pathlib
import subprocess
import sys
from collections.abc import Mapping

PROJECT = pathlib.Path(__file__).resolve().parents[2]


def run_benchmark(name: str, *options: str, environment: Mapping[str, str] | None = None) -> str:
    """What it prints; fails with its errors where it ends with another status than 0."""
    command = [sys.executable, str(PROJECT / "benchmarks" / f"{name}.py"), *options]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=PROJECT)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    return done.stdout
