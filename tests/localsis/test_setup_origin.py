"""The commit of a setup and the versions of what computes."""

from __future__ import annotations

import json
import pathlib
import platform
import subprocess

import pytest

from localsis.cost_record import ORIGIN_VARIABLE
from localsis.setup_origin import Origin, commit_of, versions


def git(directory: pathlib.Path, *words: str) -> str:
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(["git", "-C", str(directory), *who, *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_commit(tmp_path: pathlib.Path) -> None:
    assert commit_of(str(tmp_path)) == ""
    git(tmp_path, "init", "-q")
    assert commit_of(str(tmp_path)) == "", "nothing is committed yet"
    (tmp_path / "config.py").write_text("a")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    git(tmp_path, "tag", "-a", "v1", "-m", "not the commit")
    commit = git(tmp_path, "rev-parse", "HEAD")[:12]
    assert commit_of(str(tmp_path)) == commit
    (tmp_path / "config.py").write_text("b")
    assert commit_of(str(tmp_path)) == f"{commit}-dirty"


def test_git_is_asked_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now, asked = [0.0], []
    monkeypatch.setattr("localsis.setup_origin.time.monotonic", lambda: now[0])
    monkeypatch.setattr("localsis.setup_origin.commit_of", lambda place: asked.append(place) or f"commit{len(asked)}")
    origin = Origin("here")
    told = []
    for now[0] in (0.0, 1.0, 29.0, 31.0):
        told.append(json.loads(origin.environment()[ORIGIN_VARIABLE])["commit"])
    assert told == ["commit1", "commit1", "commit1", "commit2"] and asked == ["here", "here"]


def test_versions_of_what_is_installed() -> None:
    found = versions()
    assert found["python"] == platform.python_version() and set(found) <= {"python", "returnn", "tensorflow", "torch"}
