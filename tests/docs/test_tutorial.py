"""The tutorial, as a new user follows it: its blocks in files, the config run by ``./sis``."""

from __future__ import annotations

import pathlib
import shutil
import subprocess
import sys

from tests.jobs.setup_directory import make_setup, run_manager

from .pages import ROOT, blocks

PAGE = "docs/tutorial.md"


def test_config_trains_and_spells(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    (setup / "configs").unlink()
    shutil.copytree(ROOT / "configs", setup / "configs")
    program = []
    for block in blocks(PAGE):
        if block.title is not None:
            (setup / block.title).write_text(block.code, encoding="utf-8")
        elif block.kind == "python":
            program.append(block.code)
    (setup / "tutorial.py").write_text("\n".join(program), encoding="utf-8")
    printed = subprocess.run(
        [sys.executable, "tutorial.py"], cwd=setup, capture_output=True, text=True, check=True
    ).stdout
    for block in blocks(PAGE):
        if block.kind == "text":
            assert block.code in printed

    run_manager(setup, "configs/spelling.py")
    assert float((setup / "output/spelling/wer").read_text()) < 10
    assert (setup / "output/spelling/learning_curves.png").exists()
    (setup / "manager.log").unlink()
    assert "started" not in run_manager(setup, "configs/spelling.py")
