"""Tables over experiments, and the best of several settings."""

from __future__ import annotations

import csv
import io
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import Job, tk

from jobs.optimal_parameters import GetOptimalParametersJob, tune
from jobs.selected_network import SelectedNetwork
from jobs.table_report import LiveTable, TableReportJob, best_row
from jobs.tables import csv_table, latex_table, text_table
from recipe import nn

from .configs.tiny import tiny_model

RunJob = Callable[[Any], Any]
TABLE = {"base_1": {"dev": 12.345, "test": 13.0}, "50 % & more": {"dev": None, "other": 3}}


class ValueJob(Job):
    """Has a value that a test sets."""

    def __init__(self, name: str):
        self.out = self.output_var("value")

    def set(self, value: Any) -> tk.Variable:
        """Sets it, as if the job had run."""
        self._sis_setup_directory()
        self.out.set(value)
        pathlib.Path(self._sis_path("finished")).touch()
        return self.out


def test_text() -> None:
    assert text_table(TABLE, title="name").splitlines() == [
        "name           dev   test  other",
        "--------------------------------",
        "base_1       12.35  13.00      -",
        "50 % & more      -      -      3",
    ]


def test_csv_has_all_digits() -> None:
    rows = list(csv.reader(io.StringIO(csv_table({**TABLE, 'a,"b"': {"dev": 1.0}}, title="name"))))
    assert rows[1] == ["base_1", "12.345", "13.0", ""] and rows[3] == ['a,"b"', "1.0", "", ""]


def test_latex_is_escaped() -> None:
    text = latex_table(TABLE)
    assert r"50 \% \& more & - & - & 3 \\" in text and r"base\_1 & 12.35 & 13.00 & - \\" in text
    assert r"\begin{tabular}{lrrr}" in text


def test_report_job(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    results = {
        "small": {"dev": ValueJob("a").set(20.0), "test": ValueJob("b").set(22.5)},
        "large": {"dev": ValueJob("c").set(float("nan")), "test": ValueJob("d").set(1.0)},
        "deep": {"dev": ValueJob("e").set(19.5)},
    }
    job = run_job(TableReportJob(results))
    assert (job.out_best_row.get(), job.out_best_value.get()) == ("deep", 19.5)
    text = pathlib.Path(job.out_text.get_path()).read_text()
    assert "best by dev: deep (19.5)" in text and "nan" in text
    assert run_job(TableReportJob(results, best_by="test")).out_best_row.get() == "large"
    assert LiveTable(results)() == text.split("\n\n")[0] + "\n"
    with pytest.raises(ValueError, match="no column 'eval'; there are: dev, test"):
        TableReportJob(results, best_by="eval")
    with pytest.raises(ValueError, match="at least one row"):
        TableReportJob({})


def test_live_table_shows_what_is_there(run_job: RunJob) -> None:
    table = LiveTable({"done": {"dev": ValueJob("done").set(1.5)}, "not yet": {"dev": ValueJob("later").out}})
    assert [line.split()[-1] for line in table().splitlines()[2:]] == ["1.50", "-"]


def test_no_number_at_all() -> None:
    with pytest.raises(ValueError, match="no row has a number in 'dev'"):
        best_row({"a": {"dev": float("nan")}, "b": {}}, "dev")


def test_optimal_parameters(run_job: RunJob) -> None:
    grid = [{"beam": 1, "scale": 0.5}, {"beam": 4, "scale": 0.5}, {"beam": 4, "scale": 1.0}]
    values = [ValueJob(str(index)).set(value) for index, value in enumerate([float("nan"), 3.0, 3.0])]
    job = run_job(GetOptimalParametersJob(grid, values))
    assert {name: value.get() for name, value in job.out_optimal_parameters.items()} == {"beam": 4, "scale": 0.5}
    assert job.out_index.get() == 1 and job.out_optimal_value.get() == 3.0
    assert "1 *" in pathlib.Path(job.out_table.get_path()).read_text()
    values[2].set(7.0)
    assert run_job(GetOptimalParametersJob(grid, values, mode="maximize")).out_index.get() == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([], []), "a value for each setting"),
        (([{"a": 1}, {"b": 2}], [1, 2]), "must have the same names"),
        (([{"a": 1}], [1, 2]), "1 settings, 2 values"),
    ],
)
def test_settings_that_do_not_fit(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        GetOptimalParametersJob(*arguments)


def test_tuning_selects_the_network_with_the_best_value(run_job: RunJob) -> None:
    model = tiny_model()

    def network(beam_size: int, length_normalization: float) -> nn.Network:
        search = nn.BeamSearch(beam_size, length_normalization=length_normalization)
        return nn.Network(model, search=search, max_seq_len=5)

    values = iter([9.0, 8.0, 6.0, 7.0])
    tried = []

    def value(one: nn.Network) -> tk.Variable:
        tried.append(one)
        return ValueJob(one.digest).set(next(values))

    tuning = tune(network, {"beam_size": [1, 3], "length_normalization": [0.0, 1.0]}, value)
    assert len({one.digest for one in tried}) == 4
    run_job(tuning.optimum)
    assert tuning.network.get() is tried[2]
    assert tuning.optimum.out_optimal_parameters["beam_size"].get() == 3
    tuning.network.index.set(7)
    with pytest.raises(ValueError, match="is 7, but there are 4 networks"):
        tuning.network.get()
    with pytest.raises(ValueError, match="no network to choose"):
        SelectedNetwork([], tuning.network.index)
