"""Completion in bash and, where it is installed, zsh: the shells are asked as they ask themselves."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

PROJECT = pathlib.Path(__file__).resolve().parents[2]

BASH = """
eval "$({python} sis completion bash)"
COMP_LINE="$1"; COMP_POINT=${{#1}}; COMP_TYPE=9
COMP_WORDS=($1); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_python_argcomplete ./sis
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def setup(tmp_path: pathlib.Path) -> pathlib.Path:
    """A setup with a config, a job and its alias."""
    for name in ("recipe", "jobs", "localsis", "settings.py", "sis"):
        (tmp_path / name).symlink_to(PROJECT / name)
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs" / "toy.py").write_text("def py(): ...\ndef full(): ...\ndef wants(a): ...\n")
    (tmp_path / "configs" / "other.py").write_text("def py(): ...\ndef more(): ...\n")
    job = tmp_path / "work" / "jobs" / "x" / "SomeJob.AbCd"
    job.mkdir(parents=True)
    (job / "job.save").touch()
    (tmp_path / "alias" / "exp").mkdir(parents=True)
    (tmp_path / "alias" / "exp" / "training").symlink_to(job)
    return tmp_path


def completions(setup: pathlib.Path, line: str) -> list[str]:
    """What bash offers at the end of a line."""
    bin_directory = pathlib.Path(sys.executable).parent  # the program runs python3
    done = subprocess.run(
        ["bash", "-c", BASH.format(python=sys.executable), "bash", line],
        cwd=setup,
        env={
            **os.environ,
            "SIS_PYTHON": "this",
            "SIS_ENGINE": "embedded",
            "PATH": f"{bin_directory}:{os.environ['PATH']}",
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0 and not done.stderr, done.stderr
    return sorted(word.strip() for word in done.stdout.splitlines() if word.strip())


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("./sis ma", ["manager"]),
        ("./sis show --", ["--form", "--help"]),
        ("./sis clean --d", ["--dry-run"]),
        ("./sis manager configs/", ["configs/other.py", "configs/toy.py"]),
        ("./sis manager configs/toy.", ["configs/toy.full", "configs/toy.py"]),
        ("./sis data configs/o", ["configs/other.more", "configs/other.py"]),
        ("./sis show ex", ["exp/training"]),
        ("./sis show jobs/", ["jobs/x/SomeJob.AbCd"]),
        ("./sis why exp/training e", ["exp/training"]),
        ("./sis try --engine t", ["tensorflow", "torch"]),
        ("./sis try ex", ["exp", "exp/training"]),
        ("./sis draw conf", ["configs/other.py", "configs/toy.py"]),
    ],
)
def test_bash(line: str, wanted: list[str], setup: pathlib.Path) -> None:
    assert completions(setup, line) == wanted


ZSH = """
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell 'PS1=; autoload -U compinit; compinit -u; eval "$({python} sis completion zsh)"; print READ''Y'
zpty -r shell text '*READY*'
zpty -n -w shell "$1"$'\\t\\t'
zpty -r shell text "*$2*"
zpty -d shell
print -r -- "$text"
"""
"""Presses the tabulator in a terminal, and waits for a word."""


def test_zsh(setup: pathlib.Path) -> None:
    """The script is zsh's; where zsh is installed, it completes in a terminal."""
    environment = {**os.environ, "SIS_PYTHON": "this", "SIS_ENGINE": "embedded"}
    command = [sys.executable, "sis", "completion", "zsh"]
    script = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True, check=True).stdout
    assert script.startswith("#compdef sis") and "compdef _python_argcomplete sis" in script
    if shutil.which("zsh"):
        environment["PATH"] = f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"
        code = ZSH.format(python=sys.executable)
        for line, wanted in (
            ("./sis manager configs/toy.f", "toy.full"),
            ("./sis show ex", "exp/training"),
        ):
            words = ["zsh", "-f", "-c", code, "zsh", line, wanted]
            done = subprocess.run(words, cwd=setup, env=environment, capture_output=True, text=True, timeout=120)
            assert wanted in done.stdout and "wants" not in done.stdout, done.stderr
