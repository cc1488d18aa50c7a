"""Labels aligned to frames by the probabilities of CTC: against all alignments, and the job with its files."""

from __future__ import annotations

import itertools
import json
import pathlib
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.ctc_alignment import CtcAlignmentJob, viterbi
from recipe.data.hdf import LabelStream, read_sequences, write_feature_hdf, write_label_hdf
from recipe.models.topology import CTC, RNA, RNNT, Topology

from .conftest import RunJob

LABELS = ("A", "B")
BLANK = 2


def random_log_probs(num_frames: int, seed: int) -> numpy.ndarray:
    logits = numpy.random.default_rng(seed).standard_normal((num_frames, len(LABELS) + 1)) * 2
    return (logits - numpy.logaddexp.reduce(logits, axis=-1, keepdims=True)).astype("float32")


@pytest.mark.parametrize("num_frames", range(6))
def test_best_of_all_alignments(num_frames: int) -> None:
    for seed in range(5):
        log_probs = random_log_probs(num_frames, seed)
        best: dict[tuple[int, ...], tuple[float, list[int]]] = {}
        for path in itertools.product(range(3), repeat=num_frames):
            score = float(sum(log_probs[frame, label] for frame, label in enumerate(path)))
            labels = CTC.labels(path, BLANK)
            best[labels] = max(best.get(labels, (-numpy.inf, [])), (score, list(path)))
        for labels, (score, expected) in best.items():
            found, log_prob = viterbi(log_probs, labels)
            assert found == expected
            assert log_prob == pytest.approx(score, abs=1e-5)


def test_what_cannot_be_aligned() -> None:
    log_probs = random_log_probs(3, 0)
    with pytest.raises(ValueError, match="it has 3 frames, but 3 labels, which take 4 frames with the blanks"):
        viterbi(log_probs, [0, 0, 1])
    with pytest.raises(ValueError, match=r"its labels are not all from 0 to 1: \[2\]"):
        viterbi(log_probs, [2])
    log_probs[:, 0] = -numpy.inf
    with pytest.raises(ValueError, match="the probability of each of its alignments is 0"):
        viterbi(log_probs, [0])


def files(tmp_path: pathlib.Path, references: dict[str, list[int]], num_frames: dict[str, int]) -> tuple[tk.Path, ...]:
    """Log-probabilities and references, in another order."""
    posteriors, labels = tmp_path / "posteriors.hdf", tmp_path / "references.hdf"
    frames = [random_log_probs(length, seed) for seed, length in enumerate(num_frames.values())]
    write_feature_hdf(str(posteriors), list(num_frames), frames, {})
    tags = list(references)
    streams = {"classes": LabelStream(list(references.values()), LABELS)}
    write_label_hdf(str(labels), tags, LabelStream([[0]] * len(tags), ["letter"]), streams)
    return tk.Path(str(posteriors)), tk.Path(str(labels))


def alignment_job(tmp_path: pathlib.Path, topology: Topology = CTC, **kwargs: Any) -> CtcAlignmentJob:
    source = files(tmp_path, {"b": [0, 0], "a": [1], "long": [0, 0, 1]}, {"a": 3, "long": 3, "b": 4})
    return CtcAlignmentJob(*source, labels=LABELS, blank="_", topology=topology, **kwargs)


@pytest.mark.parametrize("topology", [CTC, RNA, RNNT], ids=lambda topology: topology.name)
def test_job(tmp_path: pathlib.Path, run_job: RunJob, topology: Topology) -> None:
    job = run_job(alignment_job(tmp_path, topology, skip_too_long=True, label_at="first"))
    found = dict(read_sequences(job.out_hdf.get_path()))
    assert list(found) == ["b", "a"]
    expected = {"a": viterbi(random_log_probs(3, 0), [1]), "b": viterbi(random_log_probs(4, 2), [0, 0])}
    for tag, (path, _) in expected.items():
        assert list(found[tag]) == topology.from_ctc(path, BLANK, label_at="first")
    report = json.loads(pathlib.Path(job.out_report.get_path()).read_text())
    log_prob = sum(score for _, score in expected.values()) / 7
    assert report == {"sequences": 2, "frames": 7, "mean_log_prob": pytest.approx(log_prob), "skipped": ["long"]}


def test_errors_name_file_and_sequence(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    with pytest.raises(ValueError, match=r"posteriors\.hdf: 'long' cannot be aligned: it has 3 frames, but 3 labels"):
        run_job(alignment_job(tmp_path))
    other: list[tuple[dict[str, list[int]], dict[str, int], dict[str, Any], str]] = [
        ({"a": [1]}, {"a": 2, "b": 2}, {}, "has the sequence 'b', but .*references.hdf has not"),
        ({"a": [1], "b": [1]}, {"a": 2}, {}, r"lacks 1 sequences of the references, as \['b'\]"),
        ({"a": [1]}, {"a": 2}, {"labels": ("A",)}, "has 3 values a frame, but there are 1 labels and a blank"),
    ]
    for references, num_frames, arguments, message in other:
        source = files(tmp_path, references, num_frames)
        with pytest.raises(ValueError, match=message):
            run_job(CtcAlignmentJob(*source, **{"labels": LABELS, "blank": "_", **arguments}))
    with pytest.raises(ValueError, match='label_at is "first" or "last"'):
        alignment_job(tmp_path, label_at="end")


def test_probabilities_instead_of_their_logarithms(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    _, labels = files(tmp_path, {"a": [1]}, {"a": 2})
    posteriors = tmp_path / "probabilities.hdf"
    write_feature_hdf(str(posteriors), ["a"], [numpy.exp(random_log_probs(2, 0))], {})
    with pytest.raises(ValueError, match=r"probabilities\.hdf: what stands there of 'a' are no log-probabilities: 0\."):
        run_job(CtcAlignmentJob(tk.Path(str(posteriors)), labels, labels=LABELS, blank="_"))
