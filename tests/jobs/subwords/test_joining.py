"""Pieces as words, and their scores."""

from __future__ import annotations

import json
import pathlib

from sisyphus import tk

from jobs.hypotheses import read_hypotheses
from jobs.scoring import ScoringJob
from jobs.subwords.joining import SubwordsToWordsJob

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
