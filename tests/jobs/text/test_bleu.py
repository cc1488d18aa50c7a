"""BLEU and chrF, as sacrebleu gives them."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.text.bleu import BleuJob

from ..conftest import RunJob

RIGHT = {
    "a": ["the cat sat on the mat .", "a cat was on the mat ."],
    "b": ["he reads a book today ."],
    "c": ["nothing was found here"],
    "d": ["Who is there ?"],
}
FOUND = {"a": "the cat sat on a mat .", "b": "he reads the book today .", "d": "who is there ?"}


def files(tmp_path: pathlib.Path, right: dict[str, Any], found: dict[str, str]) -> tuple[tk.Path, tk.Path]:
    """Hypotheses and references."""
    paths = tmp_path / "hypotheses.jsonl", tmp_path / "references.jsonl"
    beams = {tag: [{"labels": text.split(), "score": 0.0}, {"labels": ["x"]}] for tag, text in found.items()}
    paths[0].write_text("".join(json.dumps({"seq_tag": tag, "hypotheses": beam}) + "\n" for tag, beam in beams.items()))
    paths[1].write_text(
        "".join(
            json.dumps({"seq_tag": tag, "references": [text.split() for text in texts]}) + "\n"
            for tag, texts in right.items()
        )
    )
    return tk.Path(str(paths[0])), tk.Path(str(paths[1]))


@pytest.mark.parametrize("lowercase", [False, True])
def test_scores(tmp_path: pathlib.Path, run_job: RunJob, lowercase: bool) -> None:
    import sacrebleu

    job = run_job(BleuJob(*files(tmp_path, RIGHT, FOUND), lowercase=lowercase))
    tags = sorted(RIGHT)
    found = [FOUND.get(tag, "") for tag in tags]
    streams = [[RIGHT[tag][0] for tag in tags], [RIGHT[tag][1] if len(RIGHT[tag]) > 1 else None for tag in tags]]
    bleu = sacrebleu.metrics.BLEU(lowercase=lowercase)
    score = bleu.corpus_score(found, streams).score
    assert job.out_bleu.get() == round(score, 2) and 10 < score < 100
    assert job.out_chrf.get() == round(
        sacrebleu.metrics.CHRF(lowercase=lowercase).corpus_score(found, streams).score, 2
    )
    low, high = job.out_confidence_interval.get()
    assert low < score < high
    assert f"case:{'lc' if lowercase else 'mixed'}" in job.out_signature.get()
    assert "tok:13a" in job.out_signature.get()
    report = json.loads(pathlib.Path(job.out_report.get_path()).read_text())
    assert report["worst"][0] == {
        "seq_tag": "c",
        "chrf": 0.0,
        "reference": "nothing was found here",
        "hypothesis": "",
    }
    assert (report["missing"], report["exact"]) == (1, 0)
    text = pathlib.Path(job.out_report_text.get_path()).read_text()
    assert text.startswith(f"BLEU {score:.2f}") and "(nothing)" in text


def test_what_has_no_reference(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    with pytest.raises(ValueError, match="1 of 3 hypotheses have no reference, as 'd'"):
        run_job(BleuJob(*files(tmp_path, {tag: RIGHT[tag] for tag in "abc"}, FOUND)))
    with pytest.raises(ValueError, match="there are no references"):
        run_job(BleuJob(*files(tmp_path, {}, {})))
