"""The tutorial, as a new user follows it: its blocks in files, the config run by ``./sis``, then all short commands."""

from __future__ import annotations

import os
import pathlib
import shutil
import subprocess
import sys

import numpy
import pytest

from tests.jobs.setup_directory import make_setup, run_manager
from tests.warm_returnn import warm

from .documented import LONG, documented_commands, in_the_setup, short_commands, why_long
from .pages import ROOT, blocks

PAGE = "docs/tutorial.md"

pytestmark = pytest.mark.xdist_group("tutorial")


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """A setup with the files of the tutorial, whose config has run."""
    setup = make_setup(tmp_path_factory.mktemp("tutorial") / "setup")
    (setup / "configs").unlink()
    shutil.copytree(ROOT / "configs", setup / "configs")
    for name in ("Makefile", "benchmarks", "returnn_recurrent", "tests"):
        (setup / name).symlink_to(ROOT / name)
    for block in blocks(PAGE):
        if block.title is not None:
            (setup / block.title).write_text(block.code, encoding="utf-8")
    with warm():
        run_manager(setup, "configs/spelling.py")
    (search,) = (setup / "work/jobs/search").glob("SearchJob.*")
    (setup / "search").symlink_to(search)
    numpy.save(setup / "word.npy", numpy.eye(3)[[1, 1, 0, 0, 2, 2]])
    return setup


def test_program(setup: pathlib.Path) -> None:
    """Its blocks of Python, one after the other, print what the page shows."""
    program = [block.code for block in blocks(PAGE) if block.title is None and block.kind == "python"]
    (setup / "tutorial.py").write_text("\n".join(program), encoding="utf-8")
    printed = subprocess.run(
        [sys.executable, "tutorial.py"], cwd=setup, capture_output=True, text=True, check=True
    ).stdout
    for block in blocks(PAGE):
        if block.kind == "text":
            assert block.code in printed


def test_config_trains_and_spells(setup: pathlib.Path) -> None:
    assert float((setup / "output/spelling/wer").read_text()) < 10
    assert (setup / "output/spelling/learning_curves.png").exists()


def test_second_run_starts_nothing(setup: pathlib.Path) -> None:
    (setup / "manager.log").unlink()
    assert "started" not in run_manager(setup, "configs/spelling.py")


@pytest.mark.parametrize("command", short_commands())
def test_short_command(command: str, setup: pathlib.Path) -> None:
    """It ends well in this setup, and says something or leaves a file."""
    files = set(setup.iterdir())
    environment = {
        **os.environ,
        "PATH": f"{pathlib.Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "SIS_PYTHON": sys.executable,
        "DISABLE_CUDA": "1",
    }
    done = subprocess.run(["bash", "-c", command], cwd=setup, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert done.stdout.strip() or set(setup.iterdir()) - files or "returnn" in command


@pytest.mark.parametrize("engine", ["numpy", "tensorflow", "torch"])
def test_what_a_model_finds(engine: str, setup: pathlib.Path) -> None:
    """The word that the frames spell, of four hypotheses that the search keeps three of."""
    printed = sis(setup, "try", f"--engine={engine}", "--n-best=2", "spelling", "word.npy")
    (word, first, second) = printed.splitlines()[-3:]
    assert word == "word.npy"
    assert first.split()[1:] == ["b", "a", "c"] and second.split()[1:] != ["b", "a", "c"]
    assert 0 > float(first.split()[0]) > float(second.split()[0])


def test_inputs_that_do_not_fit(setup: pathlib.Path) -> None:
    numpy.save(setup / "wide.npy", numpy.zeros((4, 5)))
    for words, message in [
        (["spelling", "nothing.npy"], "there is no file nothing.npy"),
        (["spelling", "wide.npy"], "gives features [4, 5], and the network wants [time, 3]"),
        (["spelling/training", "word.npy"], "is no search"),
        (["speling", "word.npy"], "there is no job 'speling'"),
    ]:
        assert message in sis(setup, "try", *words, status=1)


def sis(setup: pathlib.Path, *words: str, status: int = 0) -> str:
    """What a command of ``./sis`` prints."""
    environment = {**os.environ, "SIS_PYTHON": sys.executable, "DISABLE_CUDA": "1"}
    done = subprocess.run([sys.executable, "sis", *words], cwd=setup, capture_output=True, text=True, env=environment)
    assert done.returncode == status, done.stdout + done.stderr
    return done.stdout + (done.stderr if status else "")


def test_each_command_is_run_or_has_a_reason() -> None:
    """A command with a name of its own in capitals would be run with that name: it wants one here."""
    for command, place in documented_commands():
        if why_long(command) is None:
            names = [word for word in in_the_setup(command).split() if word.isupper() and len(word) > 1]
            assert not names, f"{place}: what stands for {names[0]} in {command}"


def test_each_reason_is_needed() -> None:
    commands = {command for command, _ in documented_commands()}
    for pattern in LONG:
        assert any(why_long(command) == LONG[pattern] for command in commands), pattern
