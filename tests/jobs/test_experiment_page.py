"""The page of an experiment is well-formed HTML in which no text means anything to a browser; and in a browser."""

from __future__ import annotations

import html.parser
import json
import os
import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sisyphus import tk

from jobs.alignments import Alignment, write_alignments
from jobs.error_report import report, score
from jobs.experiment_page import ExperimentPageJob, alignment_pairs, page
from jobs.hypotheses import Hypothesis
from jobs.learning_curves import draw_curves
from jobs.learning_rates import EpochData
from jobs.references import Reference
from recipe import nn

from ..browser import Browser
from .configs.tiny import tiny_model

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
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
    draw_curves({1: EpochData(0.1, {HOSTILE: 1.0, "dev_error": 0.5}, {})}, str(tmp_path / "curves.png"))
    scores = score(references, found)
    alignments = tk.Path(str(tmp_path / "alignments.jsonl"))
    write_alignments(alignments, scores)
    return ExperimentPageJob(
        HOSTILE,
        network=nn.Network(tiny_model()),
        learning_curves=tk.Path(str(tmp_path / "curves.png")),
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


def test_page_says_what_the_jobs_needed(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    page = pathlib.Path(run_job(job).out_page.get_path())
    assert "Time and memory" not in page.read_text()
    training = pathlib.Path(str(page).partition(job.job_id())[0]) / "jobs/training/TrainingJob.abc"
    training.mkdir(parents=True)
    (training / "usage.run.1").write_text("{'host': 'node3', 'used_time': 0.5, 'max': {'rss': 1.5}}")
    job.run()
    assert "<td>training: run</td><td>30 min 0 s</td><td></td><td>1.50 GB</td><td>node3</td>" in page.read_text()


def test_number_of_examples(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    text = pathlib.Path(run_job(_job(tmp_path, 2)).out_page.get_path()).read_text()
    assert text.count('<div class="alignment">') == 2


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all pages of this file."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


IMAGES = "[...document.images].map(image => [image.alt, image.complete && image.naturalWidth, image.naturalHeight])"
OPEN = "document.querySelectorAll('details').forEach(details => { details.open = true })"


@pytest.mark.needs_chromium
def test_in_a_browser(browser: Browser, tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = run_job(_job(tmp_path, 20))
    browser.open(pathlib.Path(job.out_page.get_path()))
    browser.evaluate(OPEN)
    images = browser.evaluate(IMAGES)
    assert [image[0] for image in images] == ["learning curves", *(["network"] if shutil.which("dot") else [])]
    assert all(width > 100 and height > 100 for _, width, height in images)
    text = browser.evaluate("document.body.innerText")
    for expected in (HOSTILE, f"{HOSTILE}3 (1 error)", "10.00 %", job.network.digest, "jobs/training/TrainingJob.abc"):
        assert expected in text
    assert browser.evaluate("document.title") == HOSTILE
    assert browser.evaluate("document.scripts.length") == 0
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert browser.complaints() == []


@pytest.mark.needs_chromium
def test_page_that_was_not_escaped_runs_nothing(browser: Browser, tmp_path: pathlib.Path) -> None:
    """The second fence: the page forbids scripts. And the browser of these tests does complain when there is reason."""
    for name, policy in (("fenced", True), ("open", False)):
        text = page(HOSTILE, [HOSTILE])
        text = text.replace(html.escape(HOSTILE), HOSTILE)
        (tmp_path / f"{name}.html").write_text(text if policy else text.replace("Content-Security-Policy", "x"))
    browser.open(tmp_path / "fenced.html")
    methods = {event["method"] for event in browser.complaints()}
    assert methods == {"Log.entryAdded"}, "what is forbidden is told, and no dialogue opens"
    browser.open(tmp_path / "open.html")
    assert "Page.javascriptDialogOpening" in {event["method"] for event in browser.complaints()}


def test_without_graphviz(
    tmp_path: pathlib.Path, run_job: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table of modules stands in the picture's place, and the source is there to draw it elsewhere."""
    job = _job(tmp_path, 2)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = pathlib.Path(run_job(job).out_page.get_path()).read_text()
    assert "There is no picture: Graphviz was not installed" in text and 'alt="network"' not in text
    assert html.escape(job.summary) in text and html.escape(job.picture_source) in text


def test_graphviz_that_fails(tmp_path: pathlib.Path, run_job: Callable[[Any], Any], monkeypatch: Any) -> None:
    job = _job(tmp_path, 2)
    (tmp_path / "dot").write_text("#!/bin/sh\necho 'no <plugin>' >&2\nexit 3\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path) + os.pathsep + os.environ["PATH"])
    text = pathlib.Path(run_job(job).out_page.get_path()).read_text()
    assert "There is no picture: dot ended with status 3: no &lt;plugin&gt;." in text


@pytest.mark.needs_chromium
def test_long_alignment_goes_on_in_the_next_line(browser: Browser, tmp_path: pathlib.Path) -> None:
    pairs = [("label", "label")] * 100
    (tmp_path / "long.html").write_text(page("long", [alignment_pairs(Alignment("tag", 0, pairs))]))
    browser.open(tmp_path / "long.html")
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tops = browser.evaluate("[...document.querySelectorAll('.alignment > span')].map(pair => pair.offsetTop)")
    assert len(tops) == 101 and len(set(tops)) > 1


def test_report_that_is_none(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(ValueError, match="report.json is no report as JSON"):
        run_job(job)
