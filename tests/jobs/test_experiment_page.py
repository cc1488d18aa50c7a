"""The page of an experiment is well-formed HTML in which no text means anything to a browser."""

from __future__ import annotations

import html.parser
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.alignments import write_alignments
from jobs.error_report import report, score
from jobs.experiment_page import ExperimentPageJob
from jobs.hypotheses import Hypothesis
from jobs.references import Reference
from recipe import nn

from .configs.tiny import tiny_model

HOSTILE = "<script>alert('x')</script>"
VOID = {"meta", "img", "br"}


class _Checker(html.parser.HTMLParser):
    """Collects texts and tags, and fails where tags do not match."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _file(path: pathlib.Path, text: str) -> tk.Path:
    path.write_text(text)
    return tk.Path(str(path))


def _job(tmp_path: pathlib.Path, num_examples: int) -> ExperimentPageJob:
    references = {f"{HOSTILE}{index}": Reference((("a", "b"),)) for index in range(5)}
    found = {tag: [Hypothesis(("a", HOSTILE) if tag.endswith("3") else ("a", "b"), 0.0)] for tag in references}
    scores = score(references, found)
    alignments = tk.Path(str(tmp_path / "alignments.jsonl"))
    write_alignments(alignments, scores)
    return ExperimentPageJob(
        HOSTILE,
        network=nn.Network(tiny_model()),
        learning_curves=_file(tmp_path / "curves.png", "no picture, but bytes"),
        learning_curves_table=_file(tmp_path / "curves.txt", f"epoch {HOSTILE}"),
        returnn_config=_file(tmp_path / "returnn.config", f"# {HOSTILE}\nlearning_rate = 0.1\n"),
        reports={"dev": _file(tmp_path / "report.json", json.dumps(report(scores)))},
        alignments={"dev": alignments},
        job_ids={"training": "jobs/training/TrainingJob.abc"},
        num_examples=num_examples,
    )


def test_page(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = run_job(_job(tmp_path, 20))
    checker = _Checker()
    checker.feed(pathlib.Path(job.out_page.get_path()).read_text())
    assert checker.open == [] and "script" not in checker.tags
    assert checker.text.count(HOSTILE) >= 5 + 3  # tags, label, title, config, table
    for expected in ("10.00 %", "jobs/training/TrainingJob.abc", job.network.digest, "learning_rate = 0.1"):
        assert expected in checker.text
    assert checker.text.index(f"{HOSTILE}3 (1 error)") < checker.text.index(f"{HOSTILE}0 (0 errors)")  # worst first


def test_number_of_examples(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    page = pathlib.Path(run_job(_job(tmp_path, 2)).out_page.get_path()).read_text()
    assert page.count('<table class="alignment">') == 2


def test_report_that_is_none(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(ValueError, match="report.json is no report as JSON"):
        run_job(job)
