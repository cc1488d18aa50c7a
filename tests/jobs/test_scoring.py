"""Error rates with several references, speakers, oracle and confidence interval."""

from __future__ import annotations

import json
import math
import pathlib
import random
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.alignments import read_alignments
from jobs.error_report import confidence_interval, report, score
from jobs.hypotheses import Hypothesis
from jobs.pronunciation_scoring import PronunciationScoringJob, score_pronunciations
from jobs.references import Reference
from jobs.report_text import report_text
from jobs.scoring import ScoringJob

LEXICON = {
    "read": [("R", "EH", "D"), ("R", "IY", "D")],
    "data": [("D", "EY", "T", "AH"), ("D", "AE", "T", "AH")],
    "go": [("G", "OW")],
}


def _beam(*labels: tuple[str, ...]) -> list[Hypothesis]:
    return [Hypothesis(item, -1.0 * number) for number, item in enumerate(labels)]


HYPOTHESES = {"read": _beam(("R", "IY", "D")), "data": _beam(("D", "AH", "T")), "go": _beam(("G", "OW", "Z"))}


def _pronunciations(hypotheses: dict[str, list[Hypothesis]]) -> dict[str, Any]:
    return report(score_pronunciations(LEXICON, hypotheses), label="phone", sequence="word")


def test_counts() -> None:
    figures = _pronunciations(HYPOTHESES)
    assert (figures["sequences"], figures["wrong_sequences"], figures["missing"]) == (3, 2, 0)
    assert (figures["substitutions"], figures["insertions"], figures["deletions"]) == (1, 1, 1)
    assert figures["reference_labels"] == 3 + 4 + 2
    assert figures["hypothesis_labels"] == 3 + 3 + 3
    assert figures["sequence_error_rate"] == 66.67
    assert figures["error_rate"] == 33.33
    assert figures["worst"][0]["seq_tag"] == "data"
    text = report_text(figures)
    assert "2 of 3 words" in text and "insertions 1" in text and "found: D AH T" in text


def test_missing_word_counts_as_empty() -> None:
    figures = _pronunciations({"read": _beam(("R", "EH", "D")), "data": []})
    assert (figures["missing"], figures["wrong_sequences"], figures["deletions"]) == (2, 2, 4 + 2)


def test_unknown_word_is_told() -> None:
    with pytest.raises(ValueError, match="1 of 1 hypotheses are of sequences that have no reference, as 'xyzzy'"):
        score_pronunciations(LEXICON, {"xyzzy": []})
    with pytest.raises(ValueError, match="there are no references"):
        score_pronunciations({}, {})


def test_oracle_looks_into_the_beam() -> None:
    figures = _pronunciations({**HYPOTHESES, "data": _beam(("X",), ("D", "AE", "T", "AH"))})
    assert figures["oracle_errors"] == 1 and figures["errors"] == 5
    assert figures["oracle_error_rate"] == 11.11


def test_lines_by_speaker() -> None:
    references = {
        "a-1": Reference((("x", "y"),), "ann"),
        "a-2": Reference((("x",),), "ann"),
        "b-1": Reference((("x",),), "bob"),
        "c": Reference((("z",),)),
    }
    found = {"a-1": _beam(("x",)), "a-2": _beam(("x",)), "b-1": _beam(("y",)), "c": _beam(())}
    figures = report(score(references, found))
    assert list(figures["speakers"]) == ["ann", "bob"]
    assert figures["speakers"]["ann"]["error_rate"] == 33.33 and figures["speakers"]["bob"]["error_rate"] == 100.0
    assert figures["confusions"] == [[("x", "y"), 1]]
    text = report_text(figures)
    assert [line.split()[0] for line in text.splitlines() if line.startswith(("ann", "bob"))] == ["ann", "bob"]


def test_confidence_interval_covers_the_rate_and_shrinks_with_data() -> None:
    generator = random.Random(1)

    def scores(number: int) -> Any:
        references = {str(index): Reference((("a",) * 5,)) for index in range(number)}
        found = {tag: _beam(tuple("ab"[generator.random() < 0.2] for _ in range(5))) for tag in references}
        return score(references, found)

    few, many = scores(40), scores(1000)
    widths = []
    for sample in (few, many):
        low, high = confidence_interval(sample)
        rate = report(sample)["error_rate"]
        assert low < rate < high and confidence_interval(sample) == [low, high]
        widths.append(high - low)
    # 0.2 of 5 labels: the standard error of n sequences is sqrt(0.2 * 0.8 / 5 n), the interval 2 * 1.96 times as wide
    assert widths[0] == pytest.approx(2 * 196 * math.sqrt(0.16 / 200), rel=0.35)
    assert widths[1] == pytest.approx(2 * 196 * math.sqrt(0.16 / 5000), rel=0.15)


def _write(path: pathlib.Path, *entries: dict[str, Any]) -> tk.Path:
    path.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    return tk.Path(str(path))


def test_job_by_words_and_by_characters(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    references = _write(
        tmp_path / "references.jsonl",
        {"seq_tag": "1", "references": [["the", "cat"]], "speaker": "ann"},
        {"seq_tag": "2", "references": [["a", "dog"], ["dog"]]},
    )
    hypotheses = _write(
        tmp_path / "hypotheses.jsonl",
        {"seq_tag": "1", "hypotheses": [{"labels": ["the", "hat"], "score": -1}]},
        {"seq_tag": "2", "hypotheses": [{"labels": ["dog"], "score": -1}]},
    )
    job = run_job(ScoringJob(hypotheses, references))
    assert job.out_wer.get() == 33.33 and job.out_ref_words.get() == 3
    assert (job.out_num_substitution.get(), job.out_num_errors.get()) == (1, 1)
    assert job.out_sentence_error_rate.get() == 50.0
    low, high = job.out_confidence_interval.get()
    assert low <= 33.33 <= high
    assert read_alignments(job.out_alignments.get_path())[0].pairs == [("the", "the"), ("cat", "hat")]
    by_character = run_job(ScoringJob(hypotheses, references, unit="character"))
    assert by_character.out_wer.get() == round(100 / 9, 2)
    assert by_character.job_id() != job.job_id()


def test_job_of_pronunciations(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    (tmp_path / "lexicon.tsv").write_text("go\tG OW\nno\tN OW\n")
    found = _write(tmp_path / "h.jsonl", {"seq_tag": "go", "hypotheses": [{"labels": ["G", "OW"], "score": -1}]})
    job = run_job(PronunciationScoringJob(found, tk.Path(str(tmp_path / "lexicon.tsv"))))
    assert (job.out_wer.get(), job.out_per.get()) == (50.0, 50.0)


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="unit is one of word, phone, character, not 'letter'"):
        ScoringJob(tk.Path("h"), tk.Path("r"), unit="letter")
    with pytest.raises(ValueError, match="alignment is 'levenshtein' or 'sclite'"):
        ScoringJob(tk.Path("h"), tk.Path("r"), alignment="nist")
