"""Parts of corpora."""

from __future__ import annotations

import pathlib

import pytest
from sisyphus import tk

from jobs.corpus.split import SplitBySegmentJob, SplitBySpeakerJob
from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.corpus.split import split_by_segment, split_by_speaker

from ..conftest import RunJob

SHARES = {"train": 8, "dev": 1, "test": 1}


def many(speakers: int = 40, first: int = 0) -> Corpus:
    """Speakers with 1 to 7 segments each."""
    return Corpus(
        tuple(
            Segment(f"s{speaker}/{number}", "x.wav", "X", f"s{speaker}")
            for speaker in range(first, speakers)
            for number in range(1 + speaker % 7)
        )
    )


def test_no_speaker_is_in_two_parts() -> None:
    parts = split_by_speaker(many(), SHARES)
    speakers = {part: {segment.speaker for segment in corpus} for part, corpus in parts.items()}
    assert len(set.union(*speakers.values())) == sum(map(len, speakers.values())) == 40
    sizes = {part: len(corpus) / len(many()) for part, corpus in parts.items()}
    assert sizes["train"] == pytest.approx(0.8, abs=0.05) and sizes["dev"] == pytest.approx(0.1, abs=0.05)
    names = [segment.name for segment in many()]
    for corpus in parts.values():
        places = [names.index(segment.name) for segment in corpus]
        assert places == sorted(places)


def test_parts_do_not_depend_on_the_order() -> None:
    turned = Corpus(many().segments[::-1])
    for split in (split_by_speaker, split_by_segment):
        parts, again = split(many(), SHARES), split(turned, SHARES)
        assert {part: set(corpus) for part, corpus in parts.items()} == {name: set(one) for name, one in again.items()}


def test_new_segments_move_no_other() -> None:
    before, after = split_by_segment(many(30), SHARES), split_by_segment(many(60), SHARES)
    for part, corpus in before.items():
        assert set(corpus) <= set(after[part])
    assert len(after["train"]) / len(many(60)) == pytest.approx(0.8, abs=0.1)


def test_each_part_has_a_speaker_even_of_few() -> None:
    parts = split_by_speaker(many(3), {"train": 98, "dev": 1, "test": 1})
    assert sorted(len({segment.speaker for segment in corpus}) for corpus in parts.values()) == [1, 1, 1]
    with pytest.raises(ValueError, match=r"2 speakers cannot be divided into 3 parts \(train, dev, test\)"):
        split_by_speaker(many(2), SHARES)
    with pytest.raises(ValueError, match="part 'dev' would be empty"):
        split_by_segment(many(1), SHARES)
    with pytest.raises(ValueError, match="a number above 0"):
        split_by_segment(many(1), {"train": 1, "dev": 0})


def test_jobs(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    many().write(str(tmp_path / "corpus.jsonl.gz"))
    path = tk.Path(str(tmp_path / "corpus.jsonl.gz"))
    for make, split in ((SplitBySpeakerJob, split_by_speaker), (SplitBySegmentJob, split_by_segment)):
        job = run_job(make(path, SHARES))
        assert {part: Corpus.read(one.get_path()) for part, one in job.out_corpora.items()} == split(many(), SHARES)
