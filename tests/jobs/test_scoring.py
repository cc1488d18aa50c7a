"""Word and phone error rates by the rule for several pronunciations."""

from __future__ import annotations

import json
import pathlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.edit_distance import align, best_match
from jobs.scoring import read_hypotheses, report_text, score

LEXICON = {
    "read": [("R", "EH", "D"), ("R", "IY", "D")],
    "data": [("D", "EY", "T", "AH"), ("D", "AE", "T", "AH")],
    "go": [("G", "OW")],
}


def test_counts() -> None:
    report = score(LEXICON, {"read": ("R", "IY", "D"), "data": ("D", "AH", "T"), "go": ("G", "OW", "Z")})
    assert (report["words"], report["wrong_words"], report["missing_words"]) == (3, 2, 0)
    assert (report["substitutions"], report["insertions"], report["deletions"]) == (1, 1, 1)
    assert report["reference_phones"] == 3 + 4 + 2
    assert report["wer"] == 66.67
    assert report["per"] == 33.33
    assert report["worst_words"][0]["word"] == "data"
    text = report_text(report)
    assert "2 of 3 words" in text and "insertions 1" in text and "found: D AH T" in text


def test_missing_word_counts_as_empty() -> None:
    report = score(LEXICON, {"read": ("R", "EH", "D"), "data": ("D", "EY", "T", "AH")})
    assert (report["missing_words"], report["wrong_words"], report["deletions"]) == (1, 1, 2)


def test_tie_goes_to_the_longer_reference() -> None:
    errors = best_match([("A",), ("A", "B", "C")], ("A", "B"))
    assert errors.count == 1
    assert errors.reference == ("A", "B", "C")


def test_unknown_word_is_told() -> None:
    with pytest.raises(ValueError, match="1 hypotheses are of words that the lexicon does not have, as 'xyzzy'"):
        score(LEXICON, {"xyzzy": ()})


def _distance(reference: tuple[str, ...], hypothesis: tuple[str, ...]) -> int:
    """Levenshtein distance by its recursive definition."""
    if not reference or not hypothesis:
        return len(reference) + len(hypothesis)
    return min(
        _distance(reference[1:], hypothesis) + 1,
        _distance(reference, hypothesis[1:]) + 1,
        _distance(reference[1:], hypothesis[1:]) + (reference[0] != hypothesis[0]),
    )


LABELS = st.lists(st.sampled_from("ABC"), max_size=5).map(tuple)


@given(LABELS, LABELS)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_alignment_is_a_shortest_one(reference: tuple[str, ...], hypothesis: tuple[str, ...]) -> None:
    errors = align(reference, hypothesis)
    assert errors.count == _distance(reference, hypothesis)
    assert len(hypothesis) - len(reference) == len(errors.insertions) - len(errors.deletions)


@pytest.mark.parametrize(
    "line", ["no json", '{"seq_tag": "a"}', '["a"]', '{"seq_tag": "a", "hypotheses": [{"score": 1}]}']
)
def test_malformed_hypotheses(line: str, tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_text(json.dumps({"seq_tag": "go", "hypotheses": []}) + f"\n{line}\n")
    with pytest.raises(ValueError, match=r"hypotheses.jsonl:2: no hypotheses as JSON"):
        read_hypotheses(str(path))


def test_word_twice(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "hypotheses.jsonl"
    path.write_text(2 * (json.dumps({"seq_tag": "go", "hypotheses": []}) + "\n"))
    with pytest.raises(ValueError, match="'go' stands there twice"):
        read_hypotheses(str(path))
