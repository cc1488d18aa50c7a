"""``./sis compare`` on jobs of the embedded engine: text for each width, the page, names; and the job for graphs."""

from __future__ import annotations

import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.alignments import write_alignments
from jobs.atomic_file import write_json
from jobs.comparison.comparison import compare
from jobs.comparison.experiment import Experiment, read_epochs, read_scores
from jobs.comparison.show import run
from jobs.comparison.text import table_lines
from jobs.comparison_job import ComparisonJob
from jobs.error_report import report, score
from jobs.hypotheses import Hypothesis
from jobs.learning_rates import EpochData
from jobs.references import Reference
from jobs.scoring import ScoringJob
from localsis import settings
from localsis.job_directory import link

from ..empty_setup import setup
from ..examples import CountJob
from ..inspection.test_commands import training

__all__ = ["setup"]

NAME = "exp/<script>alert(1)</script>"


def _write_scores(directory: pathlib.Path, wrong: int, sequences: int = 60) -> tuple[str, str]:
    """Report and alignments of sequences of four labels, in some of which one is wrong."""
    references = {f"s{number}": Reference((tuple("abcd"),)) for number in range(sequences)}
    found = {
        tag: [Hypothesis(tuple("abcx" if number < wrong else "abcd"), -1.0)] for number, tag in enumerate(references)
    }
    scores = score(references, found)
    directory.mkdir(parents=True, exist_ok=True)
    write_alignments(tk.Path(str(directory / "alignments.jsonl")), scores)
    write_json(str(directory / "report.json"), report(scores))
    return str(directory / "report.json"), str(directory / "alignments.jsonl")


def _write_curves(directory: pathlib.Path, *losses: float) -> str:
    curves = {
        str(epoch): {"learning_rate": 0.1, "scores": {"dev_score": loss, "train_score": None}, "seconds": 3.0}
        for epoch, loss in enumerate(losses, 1)
    }
    write_json(str(directory / "learning_curves.json"), curves)
    return str(directory / "learning_curves.json")


def _experiment(name: str, wrong: int, rate: float, *losses: float) -> None:
    """Jobs with their files, an alias of the training, and an output of the scoring."""
    train = training(rate=rate, alias=f"{name}/training")
    _write_curves(pathlib.Path(train._sis_path("output")), *losses)
    scoring = ScoringJob(tk.Path(f"{name}.jsonl"), tk.Path("references.jsonl"))
    scoring._sis_setup_directory()
    output = pathlib.Path(scoring._sis_path("output"))
    _write_scores(output, wrong)
    link(str(output / "report.json"), os.path.join(settings.BASE_DIR, "output", name, "dev", "report.json"))


@pytest.fixture
def two(setup: pathlib.Path) -> pathlib.Path:
    """Two experiments, of which the second one is better."""
    _experiment("exp/first", 40, 0.1, 3.0, 2.0)
    _experiment(NAME, 10, 0.2, 2.0, 1.0)
    return setup


def test_text_and_page(two: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert run([], ["page.html", "exp/first", NAME]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "dev: word errors in %, 60 sequences"
    assert lines[1].split() == ["rate", "95", "%", "sequences", "wrong", "difference", "95", "%", "p"]
    assert lines[2].split()[:2] == ["exp/first", "16.67"] and lines[3].split()[:2] == [NAME, "4.17"]
    assert "-12.50*" in lines[3] and lines[3].endswith("< 0.001")
    start = lines.index("trainings")
    assert [line.split() for line in lines[start + 2 : start + 4]] == [
        ["exp/first", "2", "2", "in", "2", "-", "0", "min", "6", "s"],
        [NAME, "2", "1", "in", "2", "-", "0", "min", "6", "s"],
    ]
    start = lines.index(f"exp/first -> {NAME}")
    assert lines[start + 1 :] == ["  training:", "    config/learning_rate: 0.1 -> 0.2", "page: page.html"]
    page = (two / "page.html").read_text()
    assert "<script" not in page and page.count("&lt;script&gt;alert(1)") > 5 and 'class="better">-12.50' in page
    assert "config/learning_rate: 0.1 -&gt; 0.2" in page and "<svg" in page


@pytest.mark.parametrize("width", [40, 80])
def test_narrow_terminals(two: pathlib.Path, capsys: pytest.CaptureFixture[str], monkeypatch: Any, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert run([], ["", "exp/first", NAME]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= (80 if width == 80 else 90)
    assert f"  {NAME}" in lines and any("-12.50*" in line for line in lines)


def test_one_experiment_and_jobs(two: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([], ["", "exp/first/"]) == 0
    assert "difference" not in capsys.readouterr().out
    assert run([], ["", "exp/first/training", f"{NAME}/training"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "trainings" and len(lines) > 3


def test_other_results(two: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each number that is an output, but for what the scores say."""
    job = CountJob(7)
    job._sis_setup_directory()
    for name, text in (("bleu", "31.25"), ("text", "no number")):
        pathlib.Path(job._sis_path("output"), name).write_text(text)
        link(job._sis_path(f"output/{name}"), os.path.join(settings.BASE_DIR, "output", "exp/first/dev", name))
    assert run([], ["page.html", "exp/first", NAME]) == 0
    lines = capsys.readouterr().out.splitlines()
    start = lines.index("other results")
    assert [line.split() for line in lines[start + 1 : start + 4]] == [["dev/bleu"], ["exp/first", "31.25"], []]
    assert "<td>31.25</td>" in (two / "page.html").read_text()


def test_names_that_are_none(two: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    for names, message in (
        (["exp/frist"], "there is no experiment 'exp/frist': .* Did you mean 'exp/first'?"),
        (["exp/first", "exp/first"], "exp/first stands there twice"),
    ):
        assert run([], ["", *names]) == 1
        text = capsys.readouterr().err
        assert all(part in text for part in message.split(".*"))
    link(training(size=8)._sis_path(), os.path.join(settings.BASE_DIR, "alias", "new", "training"))
    assert run([], ["", "new"]) == 1
    assert "new has no scores and no training yet" in capsys.readouterr().err


def test_other_sequences_have_no_difference(tmp_path: pathlib.Path) -> None:
    first, other = (
        Experiment(name, {"dev": read_scores(*_write_scores(tmp_path / name, 3, number))}, {})
        for name, number in (("a", 10), ("b", 11))
    )
    (part,) = compare([first, other]).parts
    assert [result.note for result in part.results] == ["", "other sequences"]


def test_curves_of_both_engines_are_in_one_plot() -> None:
    epochs = {
        "tensorflow": {1: EpochData(0.1, {"dev_score": 1.0, "dev_error": 0.5}, {})},
        "torch": {1: EpochData(0.1, {"dev_loss_ctc": 2.0, "dev_loss_frame_error": 0.4}, {})},
        "several": {1: EpochData(0.1, {"dev_score_a": 2.0, "dev_score_b": 0.4}, {})},
    }
    plots = compare([Experiment(name, {}, one) for name, one in epochs.items()]).plots
    lines = {plot.title: [drawn.line.label for drawn in plot.lines] for plot in plots}
    assert lines == {
        "loss": ["tensorflow", "torch"],
        "error": ["tensorflow", "torch"],
        "loss a": ["several"],
        "loss b": ["several"],
    }


def test_columns_without_content_are_left_out() -> None:
    assert list(table_lines([["", "a", "b"], ["x", "1", ""], ["y", "22", ""]], 80)) == ["      a", "  x   1", "  y  22"]


def test_job(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    scores = {name: _write_scores(tmp_path / name, wrong) for name, wrong in (("first", 40), ("other", 10))}
    paths = {name: {"dev": tuple(tk.Path(path) for path in files)} for name, files in scores.items()}
    curves = {"other": tk.Path(_write_curves(tmp_path, 3.0, 2.0))}
    job = run_job(ComparisonJob(paths, curves=curves, title="all"))  # type: ignore[arg-type]
    text = pathlib.Path(job.out_text.get_path()).read_text()
    assert "-12.50*" in text and "2 in 2" in text
    assert "<h1>all</h1>" in pathlib.Path(job.out_page.get_path()).read_text()
    with pytest.raises(ValueError, match="there are curves of third, and scores of first, other"):
        ComparisonJob(paths, curves={"third": tk.Path("x")})  # type: ignore[arg-type]


def test_files_that_are_none(tmp_path: pathlib.Path) -> None:
    (tmp_path / "curves.json").write_text("{")
    with pytest.raises(ValueError, match=r"curves.json is no report as JSON"):
        read_epochs(str(tmp_path / "curves.json"))
    assert read_epochs(_write_curves(tmp_path, 1.0))[1].scores == {"dev_score": 1.0}
    assert json.loads((tmp_path / "learning_curves.json").read_text())["1"]["scores"]["train_score"] is None
