"""The graphs of configs/g2p.py: what they register, and that the training is one job whatever is searched."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import localsis

localsis.install()

from configs import g2p  # noqa: E402 - what jobs import must be installed first
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs, reports  # noqa: E402
from localsis.job import created_jobs  # noqa: E402


def _graph(config: Callable[[], None]) -> set[str]:
    config()
    outputs.wanted_jobs()
    return set(outputs.registered)


@pytest.mark.parametrize(
    ("config", "name"),
    [
        (g2p.py, "g2p/demo"),
        (g2p.full, "g2p/full"),
        (g2p.tuned, "g2p/tuned"),
        (g2p.transformer, "g2p/transformer"),
        (g2p.german, "g2p/german"),
    ],
)
def test_outputs(config: Callable[[], None], name: str) -> None:
    names = _graph(config) | {report.name for report in reports.registered}
    for output in ("learning_curves.png", "experiment.html", "dev/wer", "test/wer", "test/report.txt"):
        assert f"{name}/{output}" in names


def test_tuning_shares_the_training_and_runs_the_best_on_test() -> None:
    _graph(g2p.full)
    _graph(g2p.tuned)
    assert sum(isinstance(job, TrainingJob) for job in created_jobs.values()) == 1
    test = outputs.registered["g2p/tuned/test/wer"].creator.hypotheses.creator
    assert len(test.network.networks) == 8
    assert test.network.index.creator.out_table is outputs.registered["g2p/tuned/table.txt"]


def test_ensemble_searches_with_two_trainings() -> None:
    _graph(g2p.py)
    _graph(g2p.transformer)
    trainings = {job for job in created_jobs.values() if isinstance(job, TrainingJob)}
    names = _graph(g2p.ensemble)
    assert {job for job in created_jobs.values() if isinstance(job, TrainingJob)} == trainings and len(trainings) == 2
    assert {"g2p/ensemble/dev/wer", "g2p/ensemble/test/wer"} <= names
    search = outputs.registered["g2p/ensemble/test/wer"].creator.hypotheses.creator
    combined = search.model_checkpoint.path.creator
    assert {path.creator for path in combined.checkpoints} & trainings, "one is of a training, the other an average"
    assert {names for part in combined.names for names in part} == set(search.network.parameters)


def test_german_is_the_demo_with_one_argument_changed() -> None:
    """The same jobs, on other data and labels."""
    _graph(g2p.py)
    english = sorted(type(job).__name__ for job in created_jobs.values())
    created_jobs.clear()
    _graph(g2p.german)
    german = sorted(type(job).__name__ for job in created_jobs.values())
    assert german == sorted("GruutLexiconJob" if name == "CmudictJob" else name for name in english)
