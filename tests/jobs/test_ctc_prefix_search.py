"""Prefix beam search: against the sums over all alignments, and the job with its files."""

from __future__ import annotations

import itertools
import pathlib

import numpy
import pytest
from sisyphus import tk

from jobs.ctc_prefix_search import CtcPrefixSearchJob, prefix_search
from jobs.hypotheses import read_hypotheses
from recipe.data.hdf import write_feature_hdf
from recipe.models.topology import CTC

from .conftest import RunJob
from .test_ctc_alignment import BLANK, LABELS, random_log_probs


def sums_over_alignments(log_probs: numpy.ndarray) -> dict[tuple[int, ...], float]:
    """The log-probability of all labels that have one."""
    sums: dict[tuple[int, ...], float] = {}
    for path in itertools.product(range(3), repeat=len(log_probs)):
        score = float(sum(log_probs[frame, label] for frame, label in enumerate(path)))
        labels = CTC.labels(path, BLANK)
        sums[labels] = float(numpy.logaddexp(sums.get(labels, -numpy.inf), score))
    return sums


@pytest.mark.parametrize("num_frames", range(6))
def test_wide_beam_is_exact(num_frames: int) -> None:
    """All labels that have an alignment, with their probabilities, which add up to 1."""
    log_probs = random_log_probs(num_frames, seed=num_frames)
    found = prefix_search(log_probs, 1000)
    assert dict(found) == pytest.approx(sums_over_alignments(log_probs), abs=1e-5)
    assert numpy.exp([score for _, score in found]).sum() == pytest.approx(1.0, abs=1e-5)
    assert [score for _, score in found] == sorted((score for _, score in found), reverse=True)


def test_narrow_beam_never_counts_too_much() -> None:
    for seed in range(20):
        log_probs = random_log_probs(6, seed)
        sums = sums_over_alignments(log_probs)
        found = prefix_search(log_probs, 3)
        assert len(found) == 3
        assert all(score <= sums[labels] + 1e-5 for labels, score in found)


def test_labels_of_the_best_alignment_may_not_be_the_best() -> None:
    """Graves's example: nothing is the best path, but one label is more probable."""
    log_probs = numpy.log(numpy.array([[0.4, 0.0001, 0.5999]] * 2))
    assert CTC.labels([int(label) for label in log_probs.argmax(axis=-1)], BLANK) == ()
    assert prefix_search(log_probs, 4)[0] == ((0,), pytest.approx(numpy.log(1 - 0.6**2), abs=1e-2))


def test_label_bonus() -> None:
    log_probs = random_log_probs(5, seed=3)
    plain, longer = dict(prefix_search(log_probs, 1000)), dict(prefix_search(log_probs, 1000, label_bonus=0.7))
    assert longer == pytest.approx({labels: score + 0.7 * len(labels) for labels, score in plain.items()})
    (best, _), *_ = prefix_search(log_probs, 1000, label_bonus=50.0)
    assert len(best) == max(map(len, plain))


def test_job(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    frames = {"b": random_log_probs(4, 1), "a": random_log_probs(2, 2)}
    write_feature_hdf(str(tmp_path / "posteriors.hdf"), list(frames), list(frames.values()), {})
    source = tk.Path(str(tmp_path / "posteriors.hdf"))
    found = read_hypotheses(run_job(CtcPrefixSearchJob(source, labels=LABELS, beam_size=4)).out_hypotheses.get_path())
    for tag, log_probs in frames.items():
        expected = prefix_search(log_probs, 4)
        assert [item.labels for item in found[tag]] == [tuple(LABELS[one] for one in labels) for labels, _ in expected]
        assert [item.score for item in found[tag]] == pytest.approx([score for _, score in expected])


def test_wrong_arguments(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    with pytest.raises(ValueError, match="the beam size is at least 1, not 0"):
        CtcPrefixSearchJob(tk.Path("posteriors.hdf"), labels=LABELS, beam_size=0)
    write_feature_hdf(str(tmp_path / "posteriors.hdf"), ["a"], [numpy.full((2, 3), numpy.nan)], {})
    with pytest.raises(ValueError, match=r"posteriors\.hdf: what stands there of 'a' are no log-probabilities: nan"):
        run_job(CtcPrefixSearchJob(tk.Path(str(tmp_path / "posteriors.hdf")), labels=LABELS))
