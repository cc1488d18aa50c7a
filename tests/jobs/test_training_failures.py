"""What a training that cannot go on says, with real RETURNN."""

from __future__ import annotations

import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.lexicon import LexiconToHdfJob
from jobs.returnn_errors import ReturnnError
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.cmudict import END_LABEL, LETTERS, PHONES
from recipe.data.dataset import label_dataset

from .configs.tiny import tiny_model
from .setup_directory import LEXICON

pytestmark = [pytest.mark.xdist_group("chain"), pytest.mark.usefixtures("warm_returnn")]

RunJob = Callable[[Any], Any]


def _hdf(tmp_path: pathlib.Path, run_job: RunJob) -> tk.Path:
    (tmp_path / "lexicon.tsv").write_text(LEXICON)
    lexicon = tk.Path(str(tmp_path / "lexicon.tsv"))
    return run_job(LexiconToHdfJob(lexicon, LETTERS.labels, PHONES.labels, end_label=END_LABEL)).out_hdf


def _training(hdf: tk.Path) -> TrainingJob:
    data = label_dataset(hdf, seq_ordering="sorted")
    options = {"batch_size": 1000, "optimizer": {"class": "gradientdescent"}, "learning_rates": [0.01, 1e38, 1e38]}
    return TrainingJob(nn.Network(tiny_model()), data, data, config=options, num_epochs=3)


def test_score_that_is_not_finite(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = _training(_hdf(tmp_path, run_job))
    with pytest.raises(ReturnnError, match="became inf or nan in epoch 2, step 0: use a smaller learning rate"):
        run_job(job)
    assert job.out_checkpoints[1].path.available()
    text = pathlib.Path(job.out_learning_curves_table.get_path()).read_text()
    assert text.splitlines()[1].split()[0] == "1"  # what is there was drawn


def test_data_that_are_damaged(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    good = pathlib.Path(_hdf(tmp_path, run_job).get_path())
    (tmp_path / "cut.hdf").write_bytes(good.read_bytes()[:2000])
    with pytest.raises(ReturnnError, match=r"cut.hdf cannot be read \(.*truncated file.*\): it is damaged"):
        run_job(_training(tk.Path(str(tmp_path / "cut.hdf"))))
