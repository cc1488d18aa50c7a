"""The page of an experiment is well-formed HTML in which no text means anything to a browser; and in a browser."""

from __future__ import annotations

import base64
import html
import html.parser
import json
import pathlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sisyphus import tk

from jobs.alignments import write_alignments
from jobs.error_report import report, score
from jobs.experiment_page import ExperimentPageJob, LivePage
from jobs.hypotheses import Hypothesis, write_hypotheses
from jobs.learning_curves import curves_json
from jobs.learning_rates import EpochData
from jobs.pages.heat_map import HeatMap
from jobs.pages.page import render
from jobs.references import Reference
from localsis.job import created_jobs
from recipe import nn
from recipe.nn.pictures.svg import svg_picture

from ..browser import Browser
from .configs.tiny import tiny_model

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
VOID = {"meta", "img", "br"}
BEAM = [Hypothesis(("a", HOSTILE), -0.5), Hypothesis((HOSTILE,), -1.5)]


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

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def _file(path: pathlib.Path, text: str) -> tk.Path:
    path.write_text(text)
    return tk.Path(str(path))


def _job(tmp_path: pathlib.Path, num_examples: int) -> ExperimentPageJob:
    references = {f"{HOSTILE}{index}": Reference((("a", "b"),)) for index in range(5)}
    found = {tag: BEAM if tag.endswith("3") else [Hypothesis(("a", "b"), 0.0)] for tag in references}
    scores = score(references, found)
    alignments, hypotheses = (tk.Path(str(tmp_path / f"{name}.jsonl")) for name in ("alignments", "hypotheses"))
    write_alignments(alignments, scores)
    write_hypotheses(hypotheses, found)
    epochs = {1: EpochData(0.1, {HOSTILE: 1.0, "dev_error": 0.5}, {}), 2: EpochData(0.1, {"dev_error": 0.25}, {})}
    heat_map = HeatMap(HOSTILE, [HOSTILE, "b"], ["c", HOSTILE], [[1.0, 0.0], [0.25, 0.75]], [(0, 0)])
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
        curves=_file(tmp_path / "curves.json", json.dumps(curves_json(epochs))),
        log=_file(tmp_path / "returnn.log", f"{HOSTILE}\nHostname: {HOSTILE}\n"),
        engine="torch",
        options={HOSTILE: HOSTILE, "optimizer/class": "adam"},
        hypotheses={"dev": hypotheses},
        heat_maps=_file(tmp_path / "maps.json", json.dumps([{"seq_tag": HOSTILE, "maps": [heat_map.plain()]}])),
    )


def test_page(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = run_job(_job(tmp_path, 20))
    checker = _Checker()
    checker.feed(pathlib.Path(job.out_page.get_path()).read_text())
    assert checker.open == [] and "script" not in checker.tags
    assert checker.text.count(HOSTILE) >= 5 + 12  # tags, labels, title, config, table, plots, options, maps, host
    for expected in ("10.00 %", "jobs/training/TrainingJob.abc", job.network.digest, "learning_rate = 0.1", "adam"):
        assert expected in checker.text
    assert "best dev 0.25 in epoch 2" in checker.text and "RETURNN on PyTorch" in checker.text
    assert "2 hypotheses of the beam" in checker.text and "-1.500" in checker.text
    assert checker.text.index(f"{HOSTILE}3 (1 error)") < checker.text.index(f"{HOSTILE}0 (0 errors)")  # worst first


def test_page_says_what_the_jobs_needed(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    page = pathlib.Path(run_job(job).out_page.get_path())
    assert "Time and memory" not in page.read_text() and "trained" not in page.read_text()
    training = pathlib.Path(str(page).partition(job.job_id())[0]) / "jobs/training/TrainingJob.abc"
    training.mkdir(parents=True)
    (training / "usage.run.1").write_text("{'host': 'node3', 'used_time': 0.5, 'max': {'rss': 1.5}}")
    job.run()
    assert "<td>training: run</td><td>30 min 0 s</td><td></td><td>1.50 GB</td><td>node3</td>" in page.read_text()
    assert "<dt>trained</dt><dd>30 min 0 s</dd>" in page.read_text()


def test_earlier_jobs_and_those_with_less(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    """A page of what was hashed before there was more; and it has the same id."""
    job = _job(tmp_path, 2)
    arguments = {name: vars(job)[name] for name in ("network", "reports", "alignments", "job_ids", "num_examples")}
    paths = {name: vars(job)[name] for name in ("learning_curves", "learning_curves_table", "returnn_config")}
    created_jobs.clear()
    less = ExperimentPageJob(HOSTILE, **arguments, **paths)
    assert less.job_id() == job.job_id()
    for name in ExperimentPageJob.unhashed:
        del vars(less)[name]  # as in a job that an earlier version saved
    text = pathlib.Path(run_job(less).out_page.get_path()).read_text()
    assert "10.00 %" in text and "<svg" not in text and "Options" not in text and "epoch &lt;script" in text


def test_other_results(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    names = ("learning_curves", "learning_curves_table", "returnn_config", "network", "job_ids")
    values = {"dev BLEU <b>": tk.Variable(str(_file(tmp_path / "bleu", "31.25")))}
    other = run_job(
        ExperimentPageJob("x", **{name: vars(job)[name] for name in names}, reports={}, alignments={}, values=values)
    )
    text = pathlib.Path(other.out_page.get_path()).read_text()
    assert "<span>dev BLEU &lt;b&gt;</span><b>31.25</b>" in text and "Scores" not in text and "Hypotheses" not in text


def test_live_page(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    live = LivePage(job.out_page, tk.Path(str(tmp_path / "training.html")))
    assert "has not begun" in live()
    (tmp_path / "training.html").write_text("it trains")
    assert live() == "it trains"
    assert job.out_page.get_path() and not job.out_page.available()
    run_job(job)
    (pathlib.Path(job.out_page.get_path()).parents[1] / "finished").touch()
    assert "10.00 %" in live()


def test_number_of_examples(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    text = pathlib.Path(run_job(_job(tmp_path, 2)).out_page.get_path()).read_text()
    assert text.count('<div class="alignment">') == 2


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One for all pages of this file."""
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


OPEN = "document.querySelectorAll('details').forEach(details => { details.open = true })"
IMAGES = "[...document.images].map(image => [image.alt, image.complete && image.naturalWidth, image.naturalHeight])"
SHOWN = "[...document.querySelectorAll('.show')].map(one => getComputedStyle(one).visibility)"
PLACE = """(() => { const one = document.querySelectorAll('.hit')[0]; one.scrollIntoView();
  const box = one.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]; })()"""


@pytest.mark.needs_chromium
def test_in_a_browser(browser: Browser, tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = run_job(_job(tmp_path, 20))
    browser.open(pathlib.Path(job.out_page.get_path()))
    browser.evaluate(OPEN)
    images = browser.evaluate(IMAGES)
    assert [image[0] for image in images] == ["network"]
    assert all(width > 100 and height > 100 for _, width, height in images)
    text = browser.evaluate("document.body.innerText")
    for expected in (HOSTILE, f"{HOSTILE}3 (1 error)", "10.00 %", job.network.digest, "jobs/training/TrainingJob.abc"):
        assert expected in text
    assert browser.evaluate("document.title") == HOSTILE
    assert browser.evaluate("document.scripts.length") == 0
    assert set(browser.evaluate(SHOWN)) == {"hidden"}
    x, y = browser.evaluate(PLACE)
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    assert browser.evaluate(SHOWN).count("visible") == 1, "the values of the epoch that is pointed at"
    assert browser.complaints() == []


@pytest.mark.needs_chromium
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_widths_and_schemes(
    browser: Browser, tmp_path: pathlib.Path, run_job: Callable[[Any], Any], width: int, scheme: str
) -> None:
    browser.call("Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=width < 600)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(pathlib.Path(run_job(_job(tmp_path, 20)).out_page.get_path()))
    browser.evaluate(OPEN)
    assert browser.evaluate("document.documentElement.scrollWidth") <= width
    background, color = browser.evaluate(
        "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
    )
    brightness = [sum(map(int, text[4:-1].split(","))) for text in (background, color)]
    assert (brightness[0] > brightness[1]) == (scheme == "light")
    browser.call("Emulation.clearDeviceMetricsOverride")


@pytest.mark.needs_chromium
def test_page_that_was_not_escaped_runs_nothing(browser: Browser, tmp_path: pathlib.Path) -> None:
    """The second fence: the page forbids scripts. And the browser of these tests does complain when there is reason."""
    for name, policy in (("fenced", True), ("open", False)):
        text = render("base.html", title=HOSTILE).replace("<body>", f"<body>{HOSTILE}")
        (tmp_path / f"{name}.html").write_text(text if policy else text.replace("Content-Security-Policy", "x"))
    browser.open(tmp_path / "fenced.html")
    methods = {event["method"] for event in browser.complaints()}
    assert methods == {"Log.entryAdded"}, "what is forbidden is told, and no dialogue opens"
    browser.open(tmp_path / "open.html")
    assert "Page.javascriptDialogOpening" in {event["method"] for event in browser.complaints()}


def test_without_graphviz(
    tmp_path: pathlib.Path, run_job: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The picture is there all the same."""
    job = _job(tmp_path, 2)
    monkeypatch.setenv("PATH", str(tmp_path))
    text = pathlib.Path(run_job(job).out_page.get_path()).read_text()
    drawn = base64.b64encode(svg_picture(job.network.picture()).encode()).decode()
    assert (
        f'alt="network" src="data:image/svg+xml;base64,{drawn}"' in text and html.escape(job.network.summary()) in text
    )


@pytest.mark.needs_chromium
def test_long_alignment_goes_on_in_the_next_line(
    browser: Browser, tmp_path: pathlib.Path, run_job: Callable[[Any], Any]
) -> None:
    job = _job(tmp_path, 1)
    scores = score({"tag": Reference((("label",) * 100,))}, {"tag": [Hypothesis(("label",) * 100, 0.0)]})
    write_alignments(job.alignments["dev"], scores)
    browser.open(pathlib.Path(run_job(job).out_page.get_path()))
    browser.evaluate(OPEN)
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    tops = browser.evaluate("[...document.querySelectorAll('.alignment > span')].map(pair => pair.offsetTop)")
    assert len(tops) == 101 and len(set(tops)) > 1


def test_report_that_is_none(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    job = _job(tmp_path, 2)
    (tmp_path / "report.json").write_text("{")
    with pytest.raises(ValueError, match="report.json is no report as JSON"):
        run_job(job)
