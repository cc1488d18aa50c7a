"""Outputs in the documentation that take too long to be printed in a test: what they must look like."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import re
import tempfile
from collections.abc import Callable
from typing import Any

import numpy

from configs import g2p, speech_ru
from jobs.check.check_config import network_title, networks_of
from jobs.check.comparison import NUM_STEPS
from jobs.check.engine_step import EngineStep
from jobs.check.job_steps import steps_of
from jobs.check.made_up_values import MadeUpValues
from jobs.check.step_process import report_lines
from jobs.comparison.bootstrap import PairedDifference
from jobs.comparison.comparison import Comparison, Part
from jobs.comparison.comparison import Result as ComparedResult
from jobs.comparison.experiment import Scores
from jobs.comparison.text import comparison_lines
from jobs.hypotheses import Hypothesis
from jobs.learning_curves import curves_json, curves_table
from jobs.learning_rates import EpochData
from jobs.trial.trial import print_found
from jobs.working_directory import inside
from localsis import outputs, reports
from localsis.job_names import job_label
from localsis.paths import AbstractPath, Variable
from localsis.results import Result, results_text, value_text
from localsis.run_end import all_jobs, experiments_of
from localsis.stuck_jobs import explained
from recipe import nn
from recipe.data.cmudict import PHONES
from recipe.nn.debugging.check import run_with_trace
from recipe.nn.debugging.comparison import EngineValue, compared_result
from recipe.nn.debugging.engine import and_text
from recipe.nn.debugging.engines import ENGINES
from recipe.nn.debugging.first_difference import FirstDifference
from recipe.nn.debugging.report import CheckReport

from .pages import ROOT, Block


def results_of(demo: Callable[[], None], block: Block) -> None:
    """The results that the manager ends with, but for the figures."""
    registered, callbacks = dict(outputs.registered), list(outputs.callbacks)
    outputs.registered, before = {}, len(reports.registered)
    demo()
    results = [_made_up(name, path) for name, path in sorted(outputs.registered.items())]
    results += [Result(report.name, None, (), True) for report in reports.registered[before:]]
    del reports.registered[before:]
    experiments = experiments_of(all_jobs(outputs.registered.values()))
    outputs.registered, outputs.callbacks = registered, callbacks
    printed = results_text(results, experiments)
    assert _without_figures(block.code) == _without_figures(printed), printed


def _made_up(name: str, path: AbstractPath) -> Result:
    """An output as a run leaves it: a variable is a number, learning curves are short, all else is long."""
    if isinstance(path, Variable):
        return Result(name, value_text(12.34), (), True)
    keys = ("dev_error", "dev_score", "train_error", "train_score")
    scores = EpochData(learning_rate=0.002, scores=dict.fromkeys(keys, 0.5), meta={"epoch_train_time_secs": 12.0})
    table = curves_table(dict.fromkeys(range(1, len(g2p.DEMO_RATES) + 1), scores))
    return Result(name, None, tuple(table.splitlines()) if name.endswith("curves.txt") else (), True)


def _without_figures(text: str) -> list[str]:
    return [re.sub(r"\s*\b\d[\d.]*", " N", line.strip()) for line in text.strip().splitlines()]


def tree_of_the_repository(block: Block) -> None:
    """A list of files and directories with what they are; each is there."""
    parent = ""
    for line in block.code.splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        if indent > 2:
            continue  # a description that goes on
        assert (ROOT / (parent if indent else "") / name).exists(), f"{block.place}: {name} is not there"
        parent = parent if indent else name


def _jobs_of_the_demo() -> set[Any]:
    """Those that its outputs come from."""
    registered, callbacks = dict(outputs.registered), list(outputs.callbacks)
    outputs.registered, before = {}, len(reports.registered)
    g2p.py()
    wanted = [*outputs.registered.values(), *(path for one in reports.registered[before:] for path in one.required)]
    del reports.registered[before:]
    jobs = {path.creator for path in wanted if path.creator is not None}
    outputs.registered, outputs.callbacks = registered, callbacks
    return jobs


def check_of_the_demo(block: Block) -> None:
    """What ``./sis check configs/g2p.py`` prints, but for the figures."""
    titles = [network_title(found) for found in networks_of(_jobs_of_the_demo())]
    *lines, last = block.code.splitlines()
    printed = [line.partition(": ") for line in lines]
    assert sorted(title for _, _, title in printed) == sorted(titles), titles
    assert last == f"compared: {and_text(['NumPy', *(engine.title for engine in ENGINES)])}"
    assert all(re.fullmatch(rf"same in {NUM_STEPS} steps, up to 1?\de-\d\d", start) for start, _, _ in printed)


def steps_of_the_demo(block: Block) -> None:
    """What it prints of the demo's steps, but for the figures and the ids of what is not there."""
    shown = [_without_ids(line) for line in block.code.splitlines()]
    with tempfile.TemporaryDirectory() as directory, inside(directory):  # where no job has run
        steps, waiting = steps_of(_jobs_of_the_demo(), directory, MadeUpValues())
    assert not waiting
    printed = []
    for step in steps:
        title = f"ran in N s: {step.kind} step, TensorFlow, {step.title}"
        printed += [f"{title}, train_error N, train_score N" if step.is_training else title]
        printed += [_without_ids(f"  {note}") for note in step.notes]
    assert sorted(shown) == sorted(printed), printed


def step_that_fails(block: Block) -> None:
    """What it prints of one, but for the job and its fault."""
    first, fault, place, last = block.code.splitlines()
    network = nn.Network(lambda: nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, nn.Dim(3, "x")])))
    title, directory = first.rpartition(", ")[2], place.partition(": ")[2]
    step = EngineStep(title, "training", "torch", network, True, directory, {"train_data.pkl": {}}, {})
    assert [_without_ids(line) for line in report_lines(step, fault.strip(), 1.0)] == [
        _without_ids(line) for line in (first, fault, place, last)
    ]


def _without_ids(line: str) -> str:
    return re.sub(r"(Job) \w{6}\b", r"\1 ID", re.sub(r"\b\d[\d.]*", "N", line))


def check_of_a_wrong_network(block: Block) -> None:
    """What it prints of a network that has no number as a result."""
    network = nn.Network(lambda: nn.log(nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, nn.Dim(3, "x")]))))
    report = CheckReport()
    run_with_trace(network, {"data": -numpy.ones((2, 3))}, {}, 0, report)
    printed = f"  step 0: {report}".splitlines()
    shown = block.code.splitlines()[1:]
    assert [len(line) - len(line.lstrip()) for line in shown] == [len(line) - len(line.lstrip()) for line in printed]
    assert shown[0].partition("log ")[0] == printed[0].partition("log ")[0]
    assert ".py:" in shown[1] and ".py:" in printed[1]


def epoch_of_learning_curves(block: Block) -> None:
    """What a training writes of an epoch, for hooks."""
    (data,) = json.loads(f"{{{block.code}}}").values()
    epoch = EpochData(data["learning_rate"], data["scores"], {"epoch_train_time_secs": data["seconds"]})
    assert json.dumps(curves_json({1: epoch})) == f"{{{block.code.strip()}}}"


def check_that_finds_a_difference(block: Block) -> None:
    """What ``nn.check`` says of engines that differ, but for the numbers and the file."""
    features, time = nn.Dim(3, "hidden"), nn.Dim(None, "time")
    data = nn.ExternData("data", [nn.batch_dim, time, features])
    network = nn.Network(lambda: nn.tanh(nn.get_extern_data(data)))
    run = nn.run_numpy(network, {"data": numpy.zeros((2, 3, 3))})
    report, torch = CheckReport(), ENGINES[1]
    found = report.of(torch)
    wrong = EngineValue(run.outputs["output"].value + 0.1, ["batch", "time", "hidden"])
    difference = compared_result(run.outputs["output"], wrong, torch.short, 1e-3)
    found.note("loss distance", 1.0, 1e-3, f"{1.5} in NumPy, {1.25} in {torch.short}")
    found.note("output output", difference.distance, 1e-3, difference.text)
    found.first = FirstDifference(network.outputs[0][1], (), difference, "variable 'tanh'")
    shown, printed = block.code.strip().splitlines(), str(report).splitlines()
    assert len(shown) == len(printed) and shown[:1] == printed[:1] and shown[3] == printed[3]
    for number in (1, 2, 6):
        assert _without_numbers(shown[number]) == _without_numbers(printed[number])
    text = _without_numbers(shown[4].partition("loop over time")[2]).lstrip(": ")
    assert text == _without_numbers(printed[4].partition("]: ")[2]).replace("time N, ", "")
    assert shown[5].startswith("    model.py:") and ".py:" in printed[5]


def _without_numbers(line: str) -> str:
    return re.sub(r"-?\d+(\.\d+)?", "N", line)


def hypotheses_of_a_word(block: Block) -> None:
    """The form in which ``./sis try`` prints: its labels and scores are those of a trained model."""
    word, *lines = block.code.strip().splitlines()
    hypotheses = [Hypothesis(tuple(labels), float(score)) for score, *labels in map(str.split, lines)]
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        print_found(word, hypotheses)
    assert output.getvalue() == block.code
    assert all(label in PHONES.labels for one in hypotheses for label in one.labels)


def comparison_of_experiments(block: Block) -> None:
    """The form in which ``./sis compare`` prints: its figures are those of two trained models."""
    *parts, note, dots, differences = block.code.strip().split("\n\n")
    first, *lines = differences.splitlines()
    assert dots == "..." and note.startswith("difference to g2p/demo ")
    name, other = first.split(" -> ")
    comparison = Comparison(name, list(map(_part, parts)), [], [], [], {other: [line[2:] for line in lines]})
    printed = "\n".join(comparison_lines(comparison, 120)).strip().split("\n\n")
    assert [*printed[:-1], "...", printed[-1]] == block.code.strip().split("\n\n")


def _part(text: str) -> Part:
    """A part of the data, by what is printed of it."""
    title, _, *lines = text.splitlines()
    results = []
    for name, rate, low, _, high, wrong, *more in map(str.split, lines):
        report = {
            "error_rate": float(rate),
            "confidence_interval": [float(low), float(high)],
            "sequence_error_rate": float(wrong),
        }
        found = None
        if more:
            value, lower, _, upper, p = more
            found = PairedDifference(float(value.rstrip("*")), float(lower), float(upper), 0.5, float(p))
        results.append(ComparedResult(name, Scores(report, {}), found, ""))
    return Part(title, "word", results)


def failure_of_a_job(block: Block) -> None:
    """What the manager says of a job that failed, but for its id."""
    label = job_label("training", re.search(r"\((.*)\)", block.code)[1])
    said = explained(
        "run", "ReturnnError: RETURNN ended with status 1: the disk is full: make room and start again", "L"
    )
    assert f"{label}: {said}".startswith(block.code.rstrip())


OUTPUTS: dict[str, Callable[[Block], None]] = {
    "g2p/demo": functools.partial(results_of, g2p.py),
    "speech_ru/demo": functools.partial(results_of, speech_ru.py),
    "configs/": tree_of_the_repository,
    "same": check_of_the_demo,
    '"1":': epoch_of_learning_curves,
    "ran": steps_of_the_demo,
    "FAILED": step_that_fails,
    "DIFFERENT:": check_of_a_wrong_network,
    "NumPy": check_that_finds_a_difference,
    "sisyphus": hypotheses_of_a_word,
    "training": failure_of_a_job,
    "dev:": comparison_of_experiments,
}
"""By the first word of the block."""
