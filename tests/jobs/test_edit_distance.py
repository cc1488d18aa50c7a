"""Alignments: shortest edit paths, by both weights."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.edit_distance import LEVENSHTEIN, SCLITE, align, best_match, fewest_errors

LABELS = st.lists(st.sampled_from("ABC"), max_size=5).map(tuple)


def _cost(reference: tuple[str, ...], hypothesis: tuple[str, ...], substitution: int, gap: int) -> int:
    """The least cost of an edit path by its recursive definition."""
    if not reference or not hypothesis:
        return gap * (len(reference) + len(hypothesis))
    return min(
        _cost(reference[1:], hypothesis, substitution, gap) + gap,
        _cost(reference, hypothesis[1:], substitution, gap) + gap,
        _cost(reference[1:], hypothesis[1:], substitution, gap)
        + (substitution if reference[0] != hypothesis[0] else 0),
    )


@pytest.mark.parametrize(("weights", "substitution", "gap"), [(LEVENSHTEIN, 1, 1), (SCLITE, 4, 3)])
@given(reference=LABELS, hypothesis=LABELS)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_alignment_is_a_shortest_one(
    weights: str, substitution: int, gap: int, reference: tuple[str, ...], hypothesis: tuple[str, ...]
) -> None:
    errors = align(reference, hypothesis, weights)
    gaps = len(errors.insertions) + len(errors.deletions)
    assert substitution * len(errors.substitutions) + gap * gaps == _cost(reference, hypothesis, substitution, gap)
    assert tuple(right for right, _ in errors.pairs if right is not None) == reference
    assert tuple(found for _, found in errors.pairs if found is not None) == hypothesis
    assert errors.count == len(errors.substitutions) + gaps


def test_weights_differ() -> None:
    """Two substitutions weigh more than an insertion and a deletion for sclite."""
    reference, hypothesis = ("A", "B"), ("B", "C")
    assert len(align(reference, hypothesis).substitutions) == 2
    errors = align(reference, hypothesis, SCLITE)
    assert errors.pairs == (("A", None), ("B", "B"), (None, "C"))


def test_tie_goes_to_the_longer_reference() -> None:
    for weights in (LEVENSHTEIN, SCLITE):
        errors = best_match([("A",), ("A", "B", "C")], ("A", "B"), weights)
        assert errors.count == 1
        assert errors.reference == ("A", "B", "C")


def test_oracle_is_the_best_pair() -> None:
    assert fewest_errors([("A", "B"), ("C",)], [("X",), ("C", "D")]) == 1


def test_without_reference_or_with_other_weights() -> None:
    with pytest.raises(ValueError, match="without a reference"):
        best_match([], ("A",))
    with pytest.raises(ValueError, match="'levenshtein' or 'sclite', not 'nist'"):
        align(("A",), ("A",), "nist")
