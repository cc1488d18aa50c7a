"""What CheckCorpusJob finds."""

from __future__ import annotations

import dataclasses
import json
import os
import pathlib
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.corpus.check import CheckCorpusJob
from recipe.data.corpus.audio import encoded
from recipe.data.corpus.corpus import Corpus, Segment

from ...recipe.data.corpus.examples import RATE, corpus
from ..conftest import RunJob

GOOD = "30-300-0000"
LETTERS = " ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def written(segments: list[Segment], path: pathlib.Path) -> tk.Path:
    """A file of a corpus."""
    Corpus(tuple(segments)).write(str(path))
    return tk.Path(str(path))


def damaged(tmp_path: pathlib.Path) -> list[Segment]:
    """A corpus in which all segments but one have something wrong."""
    segments = list(corpus(tmp_path))
    content = pathlib.Path(segments[0].audio).read_bytes()
    pathlib.Path(segments[0].audio).write_bytes(content[: len(content) // 2])
    segments[1] = dataclasses.replace(segments[1], text=" ")
    pathlib.Path(segments[3].audio).write_bytes(encoded(numpy.zeros(4000, "float32"), RATE, "flac"))
    return [
        *segments,
        Segment("beyond", segments[4].audio, "LATE", "x", 0.5, 9.0),
        Segment("gone", str(tmp_path / "gone.flac"), "GONE", "x"),
        Segment("much", segments[4].audio, "MORE AND MORE AND MORE", "x", 0.0, 0.25),
        Segment("short", segments[4].audio, "A", "x", 0.0, 0.05),
        dataclasses.replace(segments[4], name="again"),
    ]


LIMITS: dict[str, Any] = {
    "alphabet": LETTERS,
    "min_seconds": 0.1,
    "max_seconds": 0.8,
    "max_characters": 20,
    "max_characters_per_second": 50,
}


def test_all_kinds(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    first = written(damaged(tmp_path), tmp_path / "damaged.jsonl.gz")
    good = Corpus.read(first.get_path()).segments[4]
    long = Segment("long", str(tmp_path / "long.wav"), "LONG", "x")
    pathlib.Path(long.audio).write_bytes(encoded(numpy.ones(8000, "float32") / 2, RATE, "wav"))
    second = written([good, long, dataclasses.replace(good, name="fine", end=0.3)], tmp_path / "second.jsonl.gz")
    job = run_job(CheckCorpusJob([first, second], **LIMITS, leave_out=True))
    problems = json.loads(pathlib.Path(job.out_problems.get_path()).read_text())
    assert sorted((one["corpus"], one["segment"], one["kind"]) for one in problems) == [
        (1, "1-10-0000", "broken audio"),
        (1, "1-10-0001", "empty text"),
        (1, "1-11-0000", "characters"),
        (1, "2-20-0000", "silence"),
        (1, "again", "same sound"),
        (1, "beyond", "broken audio"),
        (1, "gone", "broken audio"),
        (1, "much", "too much text"),
        (1, "much", "too much text"),
        (1, "short", "too short"),
        (2, GOOD, "same name"),
        (2, "long", "too long"),
    ]
    kept = [[segment.name for segment in Corpus.read(path.get_path())] for path in job.out_corpora]
    assert kept == [[GOOD], ["fine"]]
    report = pathlib.Path(job.out_report.get_path()).read_text()
    assert report.startswith("11 of 13 segments have problems\nbroken audio: 3\n  1-10-0000: ")
    assert "characters: 1\n  1-11-0000: \"'\" not in the alphabet: IT'S THREE\n" in report
    assert "recording has 0.75 s" in report and "gone.flac: there is no such recording" in report
    assert job.out_num_problems.get() == 12


def test_problems_end_the_job(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = CheckCorpusJob(written(damaged(tmp_path), tmp_path / "damaged.jsonl.gz"))
    with pytest.raises(
        ValueError, match=r"(?s)again: same sound.*broken audio: .*flac.*\n6 problems, .*leave_out=True[^\n]*$"
    ):
        run_job(job)
    assert not os.path.exists(job.out_corpus.get_path())
    assert pathlib.Path(job.out_report.get_path()).read_text().startswith("6 of 10 segments")


def test_good_corpus_stays_as_it_is(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    path = written(list(corpus(tmp_path)), tmp_path / "corpus.jsonl.gz")
    job = run_job(CheckCorpusJob(path, alphabet=LETTERS + "'", cpu_rqmt=1))
    assert pathlib.Path(job.out_corpus.get_path()).read_bytes() == pathlib.Path(path.get_path()).read_bytes()
    assert job.out_num_problems.get() == 0


def test_nothing_left(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    path = written(list(corpus(tmp_path)), tmp_path / "corpus.jsonl.gz")
    with pytest.raises(
        ValueError,
        match=rf"(?s)1-10-0000: too short: .*0.25 s, at least.*no segment of {path.get_path()} is left: 5 problems",
    ):
        run_job(CheckCorpusJob(path, min_seconds=100.0, leave_out=True))


def test_recordings_of_another_sampling_rate(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """Features of both would go to one network without a word."""
    segments = list(corpus(tmp_path))
    pathlib.Path(segments[2].audio).write_bytes(encoded(numpy.ones(8000, "float32") / 2, 2 * RATE, "flac"))
    job = run_job(CheckCorpusJob(written(segments, tmp_path / "corpus.jsonl.gz"), leave_out=True))
    assert len(Corpus.read(job.out_corpus.get_path())) == 4
    (problem,) = json.loads(pathlib.Path(job.out_problems.get_path()).read_text())
    assert (problem["segment"], problem["kind"]) == (segments[2].name, "sampling rate")
    assert "16000 Hz, but most have 8000 Hz" in problem["what"]
