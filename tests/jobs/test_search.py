"""What the search job makes of RETURNN's output, also when it is run again. RETURNN is a small program here."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import FILES, Checkpoint
from jobs.hypotheses import Hypothesis, read_hypotheses
from jobs.returnn_errors import ReturnnError
from jobs.search import SearchJob
from recipe import nn
from recipe.data.cmudict import LETTERS
from recipe.data.hdf import LabelStream, write_label_hdf

from .configs.tiny import tiny_model
from .played_returnn import play_returnn

RunJob = Callable[[Any], Any]
HOSTILE = "x'); import os; os.system('touch executed') #\n../"
RETURNN = """
import os, re, sys

config = open(sys.argv[1]).read()
path = re.search(r'^search_output_file = "(.+)"$', config, re.MULTILINE)[1]
assert not os.path.exists(path)  # RETURNN asserts it, too
entries = {found!r}
with open(path, "w") as file:
    file.write("{{\\n")
    for tag, items in entries.items():
        file.write(f"{{tag!r}}: [")
        file.writelines(f"(np.float32({{score}}), {{text!r}}), " for score, text in items)
        file.write("],\\n")
    file.write("}}\\n")
print("epoch 1 search, step 0, 0.250 sec/step, elapsed 0:00:01, complete 50%")
print("epoch 1 search, step 1, 0.500 sec/step, elapsed 0:00:01, complete 100%")
"""
FOUND = {"cat": [(-0.5, "K AE T"), (-1.5, "")], HOSTILE: [(-1.0, "HH"), (-2.0, "K")]}


@pytest.fixture
def job(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, run_job: RunJob) -> SearchJob:
    """A search in two sequences, of 3 and 5 frames."""
    for ending in FILES:
        (tmp_path / f"model{ending}").touch()
    letters = LabelStream([LETTERS.encode("cat"), LETTERS.encode("abbey")], LETTERS.labels)
    write_label_hdf(str(tmp_path / "data.hdf"), list(FOUND), letters, {})
    _play(tmp_path, FOUND)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "played"))
    network = nn.Network(tiny_model(), search=nn.BeamSearch(2))
    data = {"class": "HDFDataset", "files": [tk.Path(str(tmp_path / "data.hdf"))], "cache_byte_size": 0}
    checkpoint = Checkpoint(tk.Path(str(tmp_path / "model.index")))
    return SearchJob(network, checkpoint, data, seconds_per_frame=0.5, config={"batch_size": 10})


def _play(tmp_path: pathlib.Path, found: dict[str, list[tuple[float, str]]]) -> None:
    play_returnn(tmp_path / "played", RETURNN.format(found=found))  # in place of RETURNN's process alone


def test_outputs(job: SearchJob, run_job: RunJob) -> None:
    run_job(job)
    assert read_hypotheses(job.out_hypotheses.get_path()) == {
        "cat": [Hypothesis(("K", "AE", "T"), -0.5), Hypothesis((), -1.5)],
        HOSTILE: [Hypothesis(("HH",), -1.0), Hypothesis(("K",), -2.0)],
    }
    assert (job.out_num_seqs.get(), job.out_beam_size.get(), job.out_search_time.get()) == (2, 2, 0.75)
    assert job.out_rtf.get() == 0.75 / (0.5 * 8)
    ctm = pathlib.Path(job.out_ctm.get_path()).read_text().splitlines()
    assert ctm[0] == "cat 1 0.000 0.500 K" and len(ctm) == 4
    trn = pathlib.Path(job.out_trn.get_path()).read_text().splitlines()
    assert len(trn) == 2 and all(re.fullmatch(r"[A-Z ]+ \(all-\S+\)", line) for line in trn)
    assert not list(pathlib.Path(job._sis_path()).rglob("executed"))


def test_runs_again_over_what_a_kill_left(job: SearchJob, run_job: RunJob) -> None:
    job._sis_setup_directory()
    pathlib.Path(job._sis_path("work", "search_output.py")).write_text("{\n'cat': [(np.float")
    pathlib.Path(job.out_hypotheses.get_path() + ".part").write_text('{"seq_tag"')
    pathlib.Path(job.out_log.get_path()).write_text("search, step 0, 99.0 sec/step\n")  # of the run that was killed
    run_job(job)
    assert job.out_search_time.get() == 0.75 and len(read_hypotheses(job.out_hypotheses.get_path())) == 2


def test_sequence_without_hypothesis_is_told(job: SearchJob, run_job: RunJob, tmp_path: pathlib.Path) -> None:
    _play(tmp_path, {"cat": FOUND["cat"]})
    with pytest.raises(ValueError, match="RETURNN found nothing for 1 sequences of the data"):
        run_job(job)


def test_checkpoint_that_is_not_complete(job: SearchJob, run_job: RunJob, tmp_path: pathlib.Path) -> None:
    (tmp_path / "model.data-00000-of-00001").unlink()
    with pytest.raises(FileNotFoundError, match="model is not there or not complete: it has no file .data-00000"):
        run_job(job)


def test_checkpoint_that_is_damaged(job: SearchJob, run_job: RunJob, tmp_path: pathlib.Path) -> None:
    play_returnn(tmp_path / "played", "import sys\nsys.exit('IndexError: Read less bytes than requested')\n")
    with pytest.raises(ReturnnError, match=f"{tmp_path}/model: take another, or train it again.* it is damaged"):
        run_job(job)
