"""From alignments to label sequences."""

from __future__ import annotations

import json
import math
import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.collapse_alignment import CollapseAlignmentJob
from jobs.ctc_collapse import CtcCollapseJob
from recipe.models.topology import RNA

from .conftest import RunJob

HYPOTHESES: list[dict[str, Any]] = [
    {"labels": ["b", "b", "_"], "score": -1.0},
    {"labels": ["a", "_", "_"], "score": -1.2},
    {"labels": ["a", "a", "_"], "score": -1.3},
    {"labels": ["_", "b", "b"], "score": -1.4},
]


def write(tmp_path: pathlib.Path, entry: dict[str, Any]) -> tk.Path:
    source = tmp_path / "frames.jsonl"
    source.write_text(json.dumps(entry) + "\n")
    return tk.Path(str(source))


def best(job: CollapseAlignmentJob) -> list[tuple[str, float]]:
    with open(job.out_hypotheses.get_path(), encoding="utf-8") as file:
        return [(" ".join(item["labels"]), item["score"]) for item in json.loads(file.read())["hypotheses"]]


def log_add(left: float, right: float) -> float:
    return math.log(math.exp(left) + math.exp(right))


def test_equal_hypotheses_are_joined(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    source = write(tmp_path, {"seq_tag": "x", "hypotheses": HYPOTHESES})
    of_ctc = best(run_job(CtcCollapseJob(source, blank="_")))
    assert of_ctc == [("b", pytest.approx(log_add(-1.0, -1.4))), ("a", pytest.approx(log_add(-1.2, -1.3)))]
    of_rna = best(run_job(CollapseAlignmentJob(source, topology=RNA, blank="_")))
    assert of_rna == [("b b", pytest.approx(log_add(-1.0, -1.4))), ("a", -1.2), ("a a", -1.3)]


def test_topologies_are_other_jobs(tmp_path: pathlib.Path) -> None:
    source = write(tmp_path, {"seq_tag": "x", "hypotheses": []})
    jobs = [CtcCollapseJob(source, blank="_"), CollapseAlignmentJob(source, topology=RNA, blank="_")]
    assert len({job.job_id() for job in jobs}) == 2


def test_malformed_line(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = CtcCollapseJob(write(tmp_path, {"seq_tag": "x"}), blank="_")
    with pytest.raises(ValueError, match=r"frames\.jsonl:1: no hypotheses as JSON"):
        run_job(job)
    assert not pathlib.Path(job.out_hypotheses.get_path()).exists()
