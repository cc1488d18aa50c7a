"""Finds the experiments of a setup by their names, and in what their jobs differ."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from recipe.nn.plain.errors import did_you_mean

from ..inspection.job_names import Setup
from ..inspection.saved_job import InspectionError
from ..inspection.why import differing_lines
from ..learning_rates import EpochData
from ..task_costs import cost_facts
from .experiment import Experiment, Scores, read_epochs, read_scores, read_value


class NamedExperiment(NamedTuple):
    """
    An experiment of a setup.

    :ivar experiment: what it gave
    :ivar jobs: ids of its jobs, by what they are: the rest of their aliases, as ``training``
    """

    experiment: Experiment
    jobs: dict[str, str]


def named_experiment(setup: Setup, name: str) -> NamedExperiment:
    """
    :param name: the part of aliases and outputs that the jobs of an experiment share (``g2p/demo``), or a job
    :raises InspectionError: if there is none, or it has neither scores nor a training
    """
    links = dict(_links(setup, name))
    if not links:
        if name not in setup.all_aliases() and not _is_job(setup, name):
            raise InspectionError(_unknown(setup, name))
        links = {"all/job": setup.job_id(name)}
    directories = {place: setup.job_directory(job_id) for place, job_id in links.items()}
    scores: dict[str, Scores] = {}
    epochs: dict[int, EpochData] = {}
    values: dict[str, float] = {}
    jobs: dict[str, str] = {}
    time = ""
    for place, directory in directories.items():
        report, alignments, curves = (
            os.path.join(directory, "output", file)
            for file in ("report.json", "alignments.jsonl", "learning_curves.json")
        )
        if os.path.exists(report) and os.path.exists(alignments):
            scores[os.path.dirname(place) or "all"] = read_scores(report, alignments)
        elif os.path.exists(curves) and not epochs:
            epochs, time = read_epochs(curves), cost_facts(directory).get("time", "")
        elif not place.startswith("alias/"):
            value = read_value(os.path.join(setup.output_dir, name, place))
            values.update({} if value is None else {place: value})
        if place.startswith("alias/"):
            jobs[place.removeprefix("alias/")] = links[place]
    if not scores and not epochs and not values:
        raise InspectionError(
            f"{name} has no scores and no training yet: neither a scoring job (as ScoringJob) has an output below "
            f"output/{name}/, nor a TrainingJob an alias below alias/{name}/"
        )
    return NamedExperiment(Experiment(name, scores, epochs, time, values), jobs)


def job_differences(setup: Setup, first: NamedExperiment, other: NamedExperiment) -> list[str]:
    """
    In what the jobs of two experiments differ that are called alike, as lines: trainings first, then what else differs.
    """
    lines: list[str] = []
    said: set[str] = set()
    pairs = [
        (role, setup.job(job_id), setup.job(other.jobs[role]))
        for role, job_id in first.jobs.items()
        if role in other.jobs and other.jobs[role] != job_id
    ]
    for role, left, right in sorted(pairs, key=lambda pair: not pair[1].class_name.endswith(".TrainingJob")):
        new = [block for block in _blocks(differing_lines(left, right)) if block not in said]
        said.update(new)
        new = [block for block in new if not block.startswith("model_checkpoint")]  # what trained it is compared itself
        if new:
            lines += [f"{role}:", *(f"  {line}" for block in new for line in block.split("\n"))]
    return lines or ["the jobs that are called alike do not differ"]


def _blocks(lines: list[str]) -> list[str]:
    """Lines, each with those that stand below it."""
    blocks: list[str] = []
    for line in lines:
        if line.startswith(" ") and blocks:
            blocks[-1] += f"\n{line}"
        else:
            blocks.append(line)
    return blocks


def _links(setup: Setup, name: str) -> Iterator[tuple[str, str]]:
    """Where links to jobs stand below the name, with their ids; before those of aliases stands ``alias/``."""
    for top, prefix in ((setup.output_dir, ""), (setup.alias_dir, "alias/")):
        directory = os.path.join(top, name)
        if os.path.islink(directory):
            continue
        for place, names, files in sorted(os.walk(directory)):
            for file in sorted([*names, *files]):
                path = os.path.join(place, file)
                job_id = setup.job_of_path(path) if os.path.islink(path) else None
                if job_id is not None:
                    yield prefix + os.path.relpath(path, directory), job_id


def _is_job(setup: Setup, name: str) -> bool:
    try:
        setup.job_id(name)
    except InspectionError:
        return False
    return True


def _unknown(setup: Setup, name: str) -> str:
    aliases = setup.all_aliases()
    known = sorted({os.path.dirname(alias) for alias in aliases} - {""})
    listed = f" There are: {', '.join(known[:20])}" if known else ""
    meant = did_you_mean(name, [*known, *aliases])
    return f"there is no experiment {name!r}: neither aliases nor outputs stand below that name.{meant or listed}"
