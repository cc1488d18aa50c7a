"""N-best lists with the scores of several models."""

from __future__ import annotations

import pathlib

import pytest
from sisyphus import tk

from jobs.combine_scores import CombineScoresJob, tune_scores
from jobs.hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from jobs.references import Reference, write_references
from jobs.scoring import ScoringJob

from .conftest import RunJob

FIRST = {"u": [(("a",), -1.0), (("a", "b"), -2.0)], "v": [(("c",), -1.0), (("d",), -1.5)]}
SECOND = {"u": [(("a", "b"), -1.0), (("a",), -4.0)], "v": [(("d",), -2.0), (("c",), -1.0)]}


@pytest.fixture
def lists(tmp_path: pathlib.Path) -> dict[str, tk.Path]:
    """The same hypotheses with the scores of two models."""
    paths = {}
    for name, found in (("first", FIRST), ("second", SECOND)):
        paths[name] = tk.Path(str(tmp_path / f"{name}.jsonl"))
        write_hypotheses(paths[name], {tag: [Hypothesis(*item) for item in items] for tag, items in found.items()})
    return paths


def test_sums(lists: dict[str, tk.Path], run_job: RunJob) -> None:
    job = run_job(CombineScoresJob(lists, {"second": 0.5}, length_reward=-0.5))
    found = read_hypotheses(job.out_hypotheses.get_path())
    assert found["u"] == [(("a",), -3.5), (("a", "b"), -3.5)]
    assert found["v"] == [(("c",), -2.0), (("d",), -3.0)]
    alone = run_job(CombineScoresJob(lists, {"first": 0.0, "second": 2.0}))
    assert read_hypotheses(alone.out_hypotheses.get_path())["u"] == [(("a", "b"), -2.0), (("a",), -8.0)]


def test_scales_are_tuned(lists: dict[str, tk.Path], run_job: RunJob, tmp_path: pathlib.Path) -> None:
    references = tk.Path(str(tmp_path / "references.jsonl"))
    write_references(references, {"u": Reference((("a", "b"),)), "v": Reference((("c",),))})
    scorings: list[ScoringJob] = []

    def value(found: tk.Path) -> tk.Variable:
        scorings.append(ScoringJob(found, references))
        return scorings[-1].out_wer

    optimum = tune_scores(lists, {"second": [0.0, 0.5, 4.0]}, value)
    for scoring in scorings:
        run_job(scoring.hypotheses.creator)
        run_job(scoring)
    run_job(optimum)
    assert [scoring.out_wer.get() for scoring in scorings] == [33.33, 0.0, 0.0]
    assert optimum.out_optimal_parameters["second"].get() == 0.5
    final = run_job(CombineScoresJob(lists, optimum.out_optimal_parameters))
    assert read_hypotheses(final.out_hypotheses.get_path())["u"][0].labels == ("a", "b")


def test_other_hypotheses(lists: dict[str, tk.Path], run_job: RunJob) -> None:
    write_hypotheses(lists["second"], {"u": [Hypothesis(("a",), -1.0)]})
    with pytest.raises(ValueError, match=r"second.jsonl has no score of 'a b' of 'u': all lists must be of the same"):
        run_job(CombineScoresJob(lists, {}))
    with pytest.raises(ValueError, match=r"scales are of the lists first, second; \['third'\]"):
        CombineScoresJob(lists, {"third": 1.0})
