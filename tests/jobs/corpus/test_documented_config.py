"""The config in docs/corpora.md: from folders to error rates, and what ``./sis data`` and ``./sis try`` make of it."""

from __future__ import annotations

import os
import pathlib
import re
import subprocess
import sys

import pytest

from ...recipe.data.corpus.examples import librispeech
from ..setup_directory import PROJECT, make_setup, run_manager


def config_of_page() -> str:
    """The config's text."""
    page = (PROJECT / "docs" / "corpora.md").read_text(encoding="utf-8")
    match = re.search(r'^```python title="configs/own_speech.py"\n(.*?)^```$', page, re.MULTILINE | re.DOTALL)
    assert match is not None
    return match[1]


@pytest.mark.usefixtures("warm_returnn_once")
def test_whole_chain(tmp_path: pathlib.Path) -> None:
    setup = make_setup(tmp_path / "setup")
    (setup / "configs").unlink()
    (setup / "configs").mkdir()
    (setup / "configs" / "own_speech.py").write_text(config_of_page())
    librispeech(setup / "LibriSpeech")
    librispeech(setup / "LibriSpeech", "dev-clean", first="9")
    config = "configs/own_speech.py('LibriSpeech', lstm_dim=3, num_epochs=1)"
    assert "all outputs are there" in run_manager(setup, config)
    outputs = setup / "output" / "own_speech"
    assert "5 segments of 5 recordings" in (outputs / "train-clean-100.txt").read_text()
    assert "of 40 words" in (outputs / "report.txt").read_text()
    shown = sis(setup, "data", config, "--pictures=seen")
    assert "raw IT'S THREE" in shown and "classes [10] I T ' S ▁ T H R E E" in shown
    assert len(list((setup / "seen").glob("*.ogg"))) == 6 and len(list((setup / "seen").glob("*.png"))) == 2
    recording = "LibriSpeech/dev-clean/91/10/91-10-0000.flac"
    found = sis(setup, "try", "own_speech", recording).splitlines()
    assert found[0] == recording and re.match(r"  +-\d+\.\d+  [A-Z'▁]( [A-Z'▁])*$", found[1])


def sis(setup: pathlib.Path, *arguments: str) -> str:
    """What a command prints."""
    environment = {**os.environ, "SIS_ENGINE": "embedded", "SIS_PYTHON": sys.executable}
    command = [sys.executable, "sis", *arguments]
    done = subprocess.run(command, cwd=setup, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
