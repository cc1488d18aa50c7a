"""One digest in all processes: with any PYTHONHASHSEED, in any directory, with each Python that is at hand."""

from __future__ import annotations

import glob
import json
import os
import pathlib
import shutil
import subprocess
import sys
from typing import Any

import pytest

from .digest_examples import digests

PROJECT = pathlib.Path(__file__).resolve().parents[4]
PYTHONS = ("3.10", "3.11", "3.12", "3.13")


def _run(python: str, cwd: pathlib.Path, hash_seed: str, *options: str) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(PROJECT)}
    command = [python, *options, "-W", "ignore", "-m", "tests.recipe.nn.canonical.digest_examples"]
    output = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120)
    assert output.returncode == 0, output.stderr
    return json.loads(output.stdout)


def pythons_with_numpy() -> list[str]:
    """
    The running interpreter, and all others found that have NumPy: those on PATH, of pyenv, and named in OTHER_PYTHONS
    (paths with colons between).
    """
    places = [shutil.which(f"python{version}") for version in PYTHONS]
    places += sorted(glob.glob(os.path.expanduser("~/.pyenv/versions/3.1[0-3].*/bin/python")))
    places += os.environ.get("OTHER_PYTHONS", "").split(":")
    found = {_version(sys.executable): sys.executable}
    for place in filter(None, places):
        version = _version(place)
        if version in PYTHONS:
            found.setdefault(version, place)
    return list(found.values())


def _version(python: str) -> str | None:
    """Its version, if it has NumPy."""
    code = "import sys, numpy; print('%d.%d' % sys.version_info[:2])"
    output = subprocess.run([python, "-c", code], capture_output=True, text=True)
    return output.stdout.strip() if output.returncode == 0 else None


@pytest.mark.parametrize("hash_seed", ["0", "1", "4711"])
def test_hash_seed_and_directory(hash_seed: str, tmp_path: pathlib.Path) -> None:
    assert _run(sys.executable, tmp_path, hash_seed, "-O")["digests"] == digests()


def test_python_versions(tmp_path: pathlib.Path) -> None:
    wanted, ran = digests(), []
    for python in pythons_with_numpy():
        result = _run(python, tmp_path, "random")
        assert result["digests"] == wanted, python
        ran.append("{}.{}".format(*result["python"]))
    print("digests compared in Python", ", ".join(ran))
    assert f"{sys.version_info[0]}.{sys.version_info[1]}" in ran
