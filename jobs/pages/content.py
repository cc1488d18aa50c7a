"""What a page of an experiment shows, from the files of its jobs as far as they are there."""

from __future__ import annotations

import base64
import dataclasses
import math
import os
import re
import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from recipe import nn
from recipe.nn.pictures.svg import svg_picture

from ..learning_curves import curves_table
from ..learning_rates import EpochData
from ..task_costs import cost_facts
from .curves import curve_plots
from .examples import Examples
from .heat_map import HeatMap
from .page import render
from .plot import Plot
from .step_scores import Point

_ENGINES = {"tensorflow": "RETURNN on TensorFlow", "torch": "RETURNN on PyTorch"}


class Figure(NamedTuple):
    """A result in large digits."""

    part: str
    what: str
    value: str
    interval: str


class Table(NamedTuple):
    """A head, and rows of as many cells."""

    head: list[str]
    rows: list[list[str]]


class NetworkView(NamedTuple):
    """
    What is shown of a network.

    :ivar size: how many numbers its parameters have
    :ivar image: its picture: SVG in base64
    :ivar summary: the table of its modules
    :ivar parameters: name, shape and size of each
    """

    size: str
    image: str
    summary: str
    parameters: list[list[str]]


@dataclasses.dataclass
class Content:
    """
    All parts of a page; what is empty is left out.

    :ivar state: what is not done yet, in a sentence
    :ivar facts: date, host and the like, by name
    :ivar confusions: by part of the data, (right → found, count)
    :ivar heat_maps: by sequence
    :ivar costs: task, time, CPU time, memory, host
    :ivar ids: of jobs and the network, by what they are
    """

    network: NetworkView
    ids: Mapping[str, str]
    state: str = ""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict)
    results: list[Figure] = dataclasses.field(default_factory=list)
    scores: Table | None = None
    confusions: Mapping[str, list[list[str]]] = dataclasses.field(default_factory=dict)
    plots: Sequence[Plot] = ()
    curves_table: str = ""
    examples: Sequence[Examples] = ()
    heat_maps: Sequence[tuple[str, list[HeatMap]]] = ()
    options: Mapping[str, str] = dataclasses.field(default_factory=dict)
    config: str = ""
    costs: Sequence[Sequence[str]] = ()

    def show_curves(
        self, epochs: Mapping[int, EpochData], steps: Mapping[str, Sequence[Point]], num_epochs: int = 0
    ) -> None:
        """Plots and table of the learning curves."""
        self.plots = curve_plots(epochs, steps, num_epochs=num_epochs)
        self.curves_table = curves_table(epochs) if epochs else ""

    def show_reports(self, reports: Mapping[str, Mapping[str, Any]], values: Mapping[str, Any]) -> None:
        """
        Rates and confusions by part of the data, and other results.

        :param reports: of scoring jobs
        :param values: numbers, as of BLEU and perplexity, by what they are
        """
        self.results = [figure for part, report in reports.items() for figure in figures(part, report)]
        self.results += [Figure("", name, _value(value), "") for name, value in values.items()]
        self.scores = scores_table(reports) if reports else None
        self.confusions = {
            part: [[f"{right} → {found}", str(count)] for (right, found), count in report["confusions"]]
            for part, report in reports.items()
            if report["confusions"]
        }

    def page(self, title: str) -> str:
        """The HTML page."""
        return render("experiment.html", title=title, content=self)


def training_facts(directory: str, log: str, engine: str) -> dict[str, str]:
    """
    When, how long, where and with what a training ran.

    :param directory: of the training job
    :param log: RETURNN's log, which says some of it, too
    :param engine: "tensorflow" or "torch"; "" if it is not known
    """
    known = {**_facts_of_log(log), **cost_facts(directory)}
    facts = {
        "trained": ", ".join(known[name] for name in ("begun", "time") if name in known),
        "host": known.get("host", ""),
        "engine": _ENGINES.get(engine, engine),
        "commit": known.get("commit", ""),
        "versions": known.get("versions", ""),
        "page written": time.strftime("%Y-%m-%d %H:%M"),
    }
    return {name: value for name, value in facts.items() if value}


def _facts_of_log(log: str) -> dict[str, str]:
    """When RETURNN was started, and where, by the head of its log; how long it took, by its end."""
    facts = {}
    try:
        with open(log, "rb") as file:
            head = file.read(2000).decode(errors="replace")
            file.seek(max(0, os.path.getsize(log) - 2000))
            tail = file.read().decode(errors="replace")
    except OSError:
        return {}
    begun = re.search(r"version (\S+?),? date/time (\d+-\d+-\d+)-(\d+)-(\d+)-\d+", head)
    if begun:
        facts["begun"], facts["versions"] = f"{begun[2]} {begun[3]}:{begun[4]}", f"returnn {begun[1]}"
    for name, pattern, text in (("host", r"^Hostname: (\S+)", head), ("time", r"^elapsed: ([\d:]+)", tail)):
        match = re.search(pattern, text, re.MULTILINE)
        if match:
            facts[name] = match[1]
    return facts


def figures(part: str, report: Mapping[str, Any]) -> list[Figure]:
    """The error rate of labels with its interval, and that of sequences."""
    low, high = (_number(value) for value in report["confidence_interval"])
    return [
        Figure(part, f"{report['label']} errors", f"{_number(report['error_rate'])} %", f"95 %: {low} to {high} %"),
        Figure(
            part,
            f"{report['sequence']}s wrong",
            f"{_number(report['sequence_error_rate'])} %",
            f"{report['wrong_sequences']} of {report['sequences']}",
        ),
    ]


def scores_table(reports: Mapping[str, Mapping[str, Any]]) -> Table:
    """Rates and counts by part of the data."""
    head = ["", "error rate", "95 % confidence", "labels", "sub", "ins", "del", "sequences wrong", "oracle"]
    rows = []
    for part, report in reports.items():
        low, high = (_number(value) for value in report["confidence_interval"])
        counts = ("reference_labels", "substitutions", "insertions", "deletions")
        rows.append(
            [
                f"{part} ({report['label']}s)",
                f"{_number(report['error_rate'])} %",
                f"{low} to {high} %",
                *(str(report[name]) for name in counts),
                f"{_number(report['sequence_error_rate'])} %",
                f"{_number(report['oracle_error_rate'])} %",
            ]
        )
    return Table(head, rows)


def network_view(network: nn.Network | nn.StagedNetwork) -> NetworkView:
    """Picture, modules and parameters; of several stages, the last one is drawn."""
    shown = network.last if isinstance(network, nn.StagedNetwork) else network
    total = sum(math.prod(parameter.shape) for parameter in network.parameters.values())
    rows = [
        [name, " × ".join(map(str, parameter.shape)), f"{math.prod(parameter.shape):,}"]
        for name, parameter in sorted(network.parameters.items())
    ]
    image = base64.b64encode(svg_picture(shown.picture()).encode()).decode()
    return NetworkView(f"{total:,}", image, shown.summary(), rows)


def _value(value: Any) -> str:
    return f"{value:.2f}" if isinstance(value, float) and abs(value) >= 0.1 else str(value)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
