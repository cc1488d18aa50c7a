"""Hypotheses as TRN: the best of each sequence, and those that nothing was found for."""

from __future__ import annotations

import pathlib

from sisyphus import tk

from jobs.hypotheses import Hypothesis, write_hypotheses
from jobs.hypotheses_to_trn import HypothesesToTrnJob

from .conftest import RunJob


def test_best_of_each_sequence(run_job: RunJob, tmp_path: pathlib.Path) -> None:
    source = tk.Path(str(tmp_path / "hypotheses.jsonl"))
    best, other = Hypothesis(("a", "b"), -1.0), Hypothesis(("a",), -2.0)
    write_hypotheses(source, {"one": [best, other], "two": [], "three": [Hypothesis((), -0.5)]})
    job = run_job(HypothesesToTrnJob(source))
    lines = pathlib.Path(job.out_trn.get_path()).read_text().splitlines()
    assert lines == ["a b (all-one)", "(all-three)", "(all-two)"]
