"""Alignment of label sequences: shortest edit paths, by Levenshtein's weights or by those of NIST's sclite."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz.distance import Levenshtein

from .hypotheses import Labels

LEVENSHTEIN, SCLITE = "levenshtein", "sclite"
"""All errors weigh the same, so there are as few as can be; or substitutions 4, insertions and deletions 3."""

_SUBSTITUTION, _GAP = 4, 3


@dataclasses.dataclass(frozen=True)
class Errors:
    """
    The errors of one hypothesis against the reference that it was aligned with.

    :ivar reference: that reference
    :ivar hypothesis: what was found
    :ivar pairs: the alignment, pairs (reference label, hypothesis label); None where the other has no counterpart
    """

    reference: Labels
    hypothesis: Labels
    pairs: tuple[tuple[str | None, str | None], ...]

    @property
    def substitutions(self) -> list[tuple[str, str]]:
        """Pairs (reference label, hypothesis label) that differ."""
        return [
            (right, found) for right, found in self.pairs if right is not None and found is not None and right != found
        ]

    @property
    def insertions(self) -> list[str]:
        """Labels of the hypothesis that the reference does not have."""
        return [found for right, found in self.pairs if right is None and found is not None]

    @property
    def deletions(self) -> list[str]:
        """Labels of the reference that the hypothesis does not have."""
        return [right for right, found in self.pairs if found is None and right is not None]

    @property
    def count(self) -> int:
        """All errors."""
        return sum(1 for right, found in self.pairs if right != found)


def align(reference: Labels, hypothesis: Labels, weights: str = LEVENSHTEIN) -> Errors:
    """
    The errors of a shortest edit path.

    :param weights: :data:`LEVENSHTEIN` or :data:`SCLITE`
    :raises ValueError: for other weights
    """
    if weights == LEVENSHTEIN:
        pairs: Iterable[tuple[str | None, str | None]] = _levenshtein_pairs(reference, hypothesis)
    elif weights == SCLITE:
        pairs = _weighted_pairs(reference, hypothesis)
    else:
        raise ValueError(f"weights of an alignment are {LEVENSHTEIN!r} or {SCLITE!r}, not {weights!r}")
    return Errors(reference, hypothesis, tuple(pairs))


def best_match(references: Sequence[Labels], hypothesis: Labels, weights: str = LEVENSHTEIN) -> Errors:
    """
    The errors against the reference with the fewest; if several have as few, against the longest of them.

    :raises ValueError: without any reference
    """
    if not references:
        raise ValueError("a hypothesis cannot be scored without a reference")
    if weights != LEVENSHTEIN:
        found = [align(reference, hypothesis, weights) for reference in references]
        return min(found, key=lambda errors: (errors.count, -len(errors.reference)))
    best = min(references, key=lambda reference: (Levenshtein.distance(reference, hypothesis), -len(reference)))
    return align(best, hypothesis)


def fewest_errors(references: Sequence[Labels], hypotheses: Sequence[Labels]) -> int:
    """The errors of the best of several hypotheses, against the best of several references."""
    return min(Levenshtein.distance(right, found) for right in references for found in hypotheses)


def _levenshtein_pairs(reference: Labels, hypothesis: Labels) -> Iterator[tuple[str | None, str | None]]:
    for block in Levenshtein.opcodes(reference, hypothesis):
        right = reference[block.src_start : block.src_end]
        found = hypothesis[block.dest_start : block.dest_end]
        if block.tag == "insert":
            yield from ((None, label) for label in found)
        elif block.tag == "delete":
            yield from ((label, None) for label in right)
        else:
            yield from zip(right, found)


def _weighted_pairs(reference: Labels, hypothesis: Labels) -> list[tuple[str | None, str | None]]:
    """By dynamic programming; of equal paths the one with more substitutions."""
    rows, columns = len(reference), len(hypothesis)
    costs = [[_GAP * column for column in range(columns + 1)]]
    for row in range(1, rows + 1):
        line = [_GAP * row]
        for column in range(1, columns + 1):
            differ = 0 if reference[row - 1] == hypothesis[column - 1] else _SUBSTITUTION
            line.append(
                min(costs[row - 1][column - 1] + differ, costs[row - 1][column] + _GAP, line[column - 1] + _GAP)
            )
        costs.append(line)
    pairs: list[tuple[str | None, str | None]] = []
    row, column = rows, columns
    while row or column:
        if row and column:
            right, found = reference[row - 1], hypothesis[column - 1]
            if costs[row][column] == costs[row - 1][column - 1] + (0 if right == found else _SUBSTITUTION):
                pairs.append((right, found))
                row, column = row - 1, column - 1
                continue
        if row and costs[row][column] == costs[row - 1][column] + _GAP:
            row -= 1
            pairs.append((reference[row], None))
        else:
            column -= 1
            pairs.append((None, hypothesis[column]))
    return pairs[::-1]
