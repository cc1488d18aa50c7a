"""The job that makes one HTML page of an experiment, to look at and to keep: no script, no other file."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from sisyphus import Task, tk

from recipe import nn

from .alignments import read_alignments
from .atomic_file import write_text
from .comparison.experiment import read_epochs, read_json
from .hypotheses import read_hypotheses
from .pages.content import Content, network_view, training_facts
from .pages.examples import Examples, examples
from .pages.heat_map import read_heat_maps
from .pages.option_rows import option_rows
from .pages.step_scores import StepScores
from .task_costs import cost_rows
from .training import TrainingJob
from .unhashed import JobWithUnhashedArguments


class ExperimentPageJob(JobWithUnhashedArguments):
    """
    One page: scores, learning curves, examples with their alternatives, heat maps, network, options, costs, ids.

    :func:`experiment_page` fills in what a training gives.

    :param title: of the page
    :param network: the trained one; of several stages, the last one is shown
    :param learning_curves: PNG, ``TrainingJob.out_learning_curves``
    :param learning_curves_table: text, ``TrainingJob.out_learning_curves_table``
    :param returnn_config: ``TrainingJob.out_returnn_config_file``
    :param reports: of scoring jobs (``out_report``), by part of the data
    :param alignments: of scoring jobs (``out_alignments``), by part of the data
    :param job_ids: of the jobs that the results are from, by what they are
    :param num_examples: sequences shown of each part: half of them those with most errors, half by chance
    :param curves: JSON, ``TrainingJob.out_learning_curves_json``; not hashed, as all below
    :param log: ``TrainingJob.out_log``, for the losses of single steps
    :param engine: of the training
    :param options: of the training, as texts by name
    :param hypotheses: of all sequences (``SearchJob.out_hypotheses``), by part of the data
    :param heat_maps: ``HeatMapsJob.out_heat_maps``
    :param values: other results, as ``{"dev BLEU": bleu.out_bleu}``
    """

    # of jobs that an earlier version saved
    curves: tk.Path | None = None
    log: tk.Path | None = None
    heat_maps: tk.Path | None = None
    engine: str = ""
    options: Mapping[str, str] = {}
    hypotheses: Mapping[str, tk.Path] = {}
    values: Mapping[str, tk.Variable] = {}

    unhashed = ("curves", "log", "engine", "options", "hypotheses", "heat_maps", "values")

    def __init__(
        self,
        title: str,
        *,
        network: nn.Network | nn.StagedNetwork,
        learning_curves: tk.Path,
        learning_curves_table: tk.Path,
        returnn_config: tk.Path,
        reports: dict[str, tk.Path],
        alignments: dict[str, tk.Path],
        job_ids: dict[str, str],
        num_examples: int = 20,
        curves: tk.Path | None = None,
        log: tk.Path | None = None,
        engine: str = "",
        options: dict[str, str] | None = None,
        hypotheses: dict[str, tk.Path] | None = None,
        heat_maps: tk.Path | None = None,
        values: dict[str, tk.Variable] | None = None,
    ):
        self.title = title
        self.network = network
        self.learning_curves = learning_curves
        self.learning_curves_table = learning_curves_table
        self.returnn_config = returnn_config
        self.reports = reports
        self.alignments = alignments
        self.job_ids = job_ids
        self.num_examples = num_examples
        self.curves, self.log, self.engine = curves, log, engine
        self.options, self.hypotheses, self.heat_maps = options or {}, hypotheses or {}, heat_maps
        self.values = values or {}

        self.out_page = self.output_path("experiment.html")

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the page.

        :raises ValueError: at a malformed report, alignment, hypothesis or heat map
        """
        content = Content(network_view(self.network), {**self.job_ids, "network": self.network.digest})
        work_dir = os.path.abspath(self.out_page.get_path()).partition(f"{os.sep}{self.job_id()}{os.sep}")[0]
        if "training" in self.job_ids:
            log = self.log.get_path() if self.log is not None else ""
            content.facts = training_facts(os.path.join(work_dir, self.job_ids["training"]), log, self.engine)
        content.show_reports(
            {part: read_json(path.get_path()) for part, path in self.reports.items()},
            {name: value.get() for name, value in self.values.items()},
        )
        steps = StepScores(self.log.get_path()).read() if self.log is not None else {}
        content.show_curves(read_epochs(self.curves.get_path()) if self.curves is not None else {}, steps)
        content.curves_table = _read(self.learning_curves_table)
        content.examples = [self._examples(part) for part in self.alignments]
        content.heat_maps = read_heat_maps(self.heat_maps.get_path()) if self.heat_maps is not None else []
        content.options, content.config = self.options, _read(self.returnn_config)
        content.costs = [
            [f"{what}: {row['task']}", row["time"], row["CPU time"], row["memory"], row["host"]]
            for what, job_id in self.job_ids.items()
            for row in cost_rows(os.path.join(work_dir, job_id))
        ]
        write_text(self.out_page, content.page(self.title))

    def _examples(self, part: str) -> Examples:
        found = read_hypotheses(self.hypotheses[part].get_path()) if part in self.hypotheses else {}
        return examples(part, read_alignments(self.alignments[part].get_path()), found, self.num_examples)


def experiment_page(
    name: str,
    train: TrainingJob,
    *,
    scores: Mapping[str, Any],
    hypotheses: Mapping[str, tk.Path],
    job_ids: Mapping[str, str],
    heat_maps: tk.Path | None = None,
    **kwargs: Any,
) -> ExperimentPageJob:
    """
    For the graph: the page of a training and what was found with it, as ``output/NAME/experiment.html``.

    It is there from the start of the training on, with the curves as far as they are known.

    :param name: of the experiment
    :param scores: scoring jobs, by part of the data
    :param hypotheses: what they scored, by part of the data
    :param job_ids: of the searches, by what they are
    :param heat_maps: ``HeatMapsJob.out_heat_maps``
    :param kwargs: others of the :class:`ExperimentPageJob`
    """
    page = ExperimentPageJob(
        name,
        network=train.network,
        learning_curves=train.out_learning_curves,
        learning_curves_table=train.out_learning_curves_table,
        returnn_config=train.out_returnn_config_file,
        reports={part: job.out_report for part, job in scores.items()},
        alignments={part: job.out_alignments for part, job in scores.items()},
        job_ids={"training": train.job_id(), **job_ids},
        curves=train.out_learning_curves_json,
        log=train.out_log,
        engine=train.engine,
        options=option_rows(train.shown_options()),
        hypotheses=dict(hypotheses),
        heat_maps=heat_maps,
        **kwargs,
    )
    live = LivePage(page.out_page, train.out_page)
    tk.register_report(f"{name}/experiment.html", live, required=[page.out_page], update_frequency=20)
    return page


class LivePage:
    """
    The newest page of an experiment, for ``tk.register_report``: that of the training until all is done.

    :param page: of the experiment
    :param training_page: ``TrainingJob.out_page``
    """

    def __init__(self, page: tk.Path, training_page: tk.Path):
        self.page, self.training_page = page, training_page

    def __call__(self) -> str:
        if self.page.available():
            return _read(self.page)
        if os.path.exists(self.training_page.get_path()):
            return _read(self.training_page)
        return "<!DOCTYPE html>\n<title>not yet</title>\n<p>The training has not begun.</p>\n"


def _read(path: tk.Path) -> str:
    with open(path.get_path(), encoding="utf-8") as file:
        return file.read()
