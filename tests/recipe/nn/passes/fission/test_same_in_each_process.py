"""The pass writes the same program, op by op, whatever PYTHONHASHSEED and the addresses of objects are."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys

import pytest

from .program_texts import texts

PROJECT = pathlib.Path(__file__).resolve().parents[5]


@pytest.mark.parametrize("hash_seed", ["0", "4711"])
def test_hash_seed(hash_seed: str) -> None:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)}
    command = [sys.executable, "-m", "tests.recipe.nn.passes.fission.program_texts"]
    result = subprocess.run(command, env=environment, cwd=PROJECT, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout) == texts()
