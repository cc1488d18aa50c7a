"""Outputs in the documentation that take too long to be printed in a test: what they must look like."""

from __future__ import annotations

import contextlib
import functools
import io
import re
from collections.abc import Callable
from types import SimpleNamespace

import numpy

from configs import g2p, speech_ru
from jobs.check.check_config import network_title, networks_of
from jobs.check.comparison import NUM_STEPS
from jobs.hypotheses import Hypothesis
from jobs.summary import print_summary
from jobs.trial.command import print_found
from localsis import outputs
from localsis.stuck_jobs import explained, job_label
from recipe import nn
from recipe.data.cmudict import PHONES
from recipe.nn.debugging.check import run_with_trace
from recipe.nn.debugging.comparison import EngineValue, compared_result
from recipe.nn.debugging.engine import and_text
from recipe.nn.debugging.engines import ENGINES
from recipe.nn.debugging.first_difference import FirstDifference
from recipe.nn.debugging.report import CheckReport

from .pages import ROOT, Block


def summary_of(demo: Callable[[], None], block: Block) -> None:
    """What the manager ends with, but for the figures."""
    demo()
    _, (name, _, next_step), options = outputs.callbacks[-1]
    score = SimpleNamespace(out_wer=SimpleNamespace(get=lambda: 12.34), out_per=SimpleNamespace(get=lambda: 5.67))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_summary(name, {"dev": score, "test": score}, next_step, **options)
    assert _without_figures(block.code) == _without_figures(printed.getvalue()), printed.getvalue()


def _without_figures(text: str) -> list[str]:
    return [re.sub(r"\s*\d+\.\d\d", " N", line) for line in text.strip().splitlines()]


def tree_of_the_repository(block: Block) -> None:
    """A list of files and directories with what they are; each is there."""
    parent = ""
    for line in block.code.splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        if indent > 2:
            continue  # a description that goes on
        assert (ROOT / (parent if indent else "") / name).exists(), f"{block.place}: {name} is not there"
        parent = parent if indent else name


def check_of_the_demo(block: Block) -> None:
    """What ``./sis check configs/g2p.py`` prints, but for the figures."""
    registered, callbacks = dict(outputs.registered), list(outputs.callbacks)
    outputs.registered = {}
    g2p.py()
    jobs = {path.creator for path in outputs.registered.values() if path.creator is not None}
    outputs.registered, outputs.callbacks = registered, callbacks
    titles = [network_title(found) for found in networks_of(jobs)]
    *lines, last = block.code.splitlines()
    printed = [line.partition(": ") for line in lines]
    assert sorted(title for _, _, title in printed) == sorted(titles), titles
    assert last == f"compared: {and_text(['NumPy', *(engine.title for engine in ENGINES)])}"
    assert all(re.fullmatch(rf"same in {NUM_STEPS} steps, up to 1?\de-\d\d", start) for start, _, _ in printed)


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


def failure_of_a_job(block: Block) -> None:
    """What the manager says of a job that failed, but for its id."""
    label = job_label("training", re.search(r"\((.*)\)", block.code)[1])
    said = explained(
        "run", "ReturnnError: RETURNN ended with status 1: the disk is full: make room and start again", "L"
    )
    assert f"{label}: {said}".startswith(block.code.rstrip())


OUTPUTS: dict[str, Callable[[Block], None]] = {
    "g2p/demo": functools.partial(summary_of, g2p.py),
    "speech_ru/demo": functools.partial(summary_of, speech_ru.py),
    "configs/": tree_of_the_repository,
    "same": check_of_the_demo,
    "DIFFERENT:": check_of_a_wrong_network,
    "NumPy": check_that_finds_a_difference,
    "sisyphus": hypotheses_of_a_word,
    "training": failure_of_a_job,
}
"""By the first word of the block."""
