"""Pieces as words, and their scores."""

from __future__ import annotations

import json
import pathlib

import pytest
from sisyphus import tk

from jobs.hypotheses import read_hypotheses
from jobs.sclite import ScliteJob
from jobs.scoring import ScoringJob
from jobs.subwords.joining import SubwordsToWordsJob
from jobs.text.references import TextToReferencesJob

from ..conftest import RunJob


def test_words_are_scored(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    found = {
        "a": [["▁he", "llo", "▁", "world", "</s>"], ["▁hello", "▁world"], ["▁he"]],
        "b": [["▁<unk>", "<unk>", "<blank>"]],
        "c": [[]],
        "d": [],
    }
    references = {"a": "hello world", "b": "so", "c": "it is", "d": "no"}
    scores = iter(range(10))
    (tmp_path / "hypotheses.jsonl").write_text(
        "".join(
            json.dumps({"seq_tag": tag, "hypotheses": [{"labels": one, "score": -next(scores)} for one in beam]}) + "\n"
            for tag, beam in found.items()
        )
    )
    (tmp_path / "references.jsonl").write_text(
        "".join(json.dumps({"seq_tag": tag, "references": [text.split()]}) + "\n" for tag, text in references.items())
    )
    job = run_job(SubwordsToWordsJob(tk.Path(str(tmp_path / "hypotheses.jsonl"))))
    words = read_hypotheses(job.out_hypotheses.get_path())
    assert words["a"] == [(("hello", "world"), 0.0), (("he",), -2.0)]
    assert words["b"][0].labels == ("<unk><unk>",)
    assert pathlib.Path(job.out_trn.get_path()).read_text().splitlines() == [
        "hello world (all-a)",
        "<unk><unk> (all-b)",
        "(all-c)",
        "(all-d)",
    ]
    scoring = run_job(ScoringJob(job.out_hypotheses, tk.Path(str(tmp_path / "references.jsonl"))))
    assert (scoring.out_num_errors.get(), scoring.out_ref_words.get()) == (4, 6)


@pytest.mark.needs_sclite
def test_sclite_agrees(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    """Plain text as references: the counts of our scorer and of NIST's."""
    (tmp_path / "text").write_text("it is so\n\nthe (old) house\nyes\n", encoding="utf-8")
    references = run_job(TextToReferencesJob(tk.Path(str(tmp_path / "text"))))
    found = {
        "line-0": ["▁it", "▁is", "▁no", "t"],
        "line-1": ["▁the", "▁hou", "se", "</s>"],
        "line-2": ["▁ye", "s", "▁a"],
    }
    (tmp_path / "hypotheses.jsonl").write_text(
        "".join(
            json.dumps({"seq_tag": tag, "hypotheses": [{"labels": labels}]}) + "\n" for tag, labels in found.items()
        )
    )
    words = run_job(SubwordsToWordsJob(tk.Path(str(tmp_path / "hypotheses.jsonl"))))
    ours = run_job(ScoringJob(words.out_hypotheses, references.out_references))
    theirs = run_job(ScliteJob(references.out_trn, words.out_trn))
    assert ours.out_wer.get() == theirs.out_wer.get() == 42.86
    assert ours.out_num_errors.get() == theirs.out_num_errors.get() == 3
