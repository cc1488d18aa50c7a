"""Edit distance between label sequences, and error counts by the rule for several references."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from rapidfuzz.distance import Levenshtein

Labels = tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Errors:
    """
    The errors of one hypothesis against the reference with the fewest.

    :ivar reference: that reference; of several with as few errors, the longest
    :ivar substitutions: pairs (reference label, hypothesis label)
    :ivar insertions: labels of the hypothesis that the reference does not have
    :ivar deletions: labels of the reference that the hypothesis does not have
    """

    reference: Labels
    hypothesis: Labels
    substitutions: tuple[tuple[str, str], ...]
    insertions: Labels
    deletions: Labels

    @property
    def count(self) -> int:
        """All errors."""
        return len(self.substitutions) + len(self.insertions) + len(self.deletions)


def align(reference: Labels, hypothesis: Labels) -> Errors:
    """The errors of a shortest edit path."""
    substitutions, insertions, deletions = [], [], []
    for operation in Levenshtein.editops(reference, hypothesis):
        if operation.tag == "replace":
            substitutions.append((reference[operation.src_pos], hypothesis[operation.dest_pos]))
        elif operation.tag == "insert":
            insertions.append(hypothesis[operation.dest_pos])
        else:
            deletions.append(reference[operation.src_pos])
    return Errors(reference, hypothesis, tuple(substitutions), tuple(insertions), tuple(deletions))


def best_match(references: Sequence[Labels], hypothesis: Labels) -> Errors:
    """
    The errors against the reference with the fewest; if several have as few, against the longest of them.

    :raises ValueError: without any reference
    """
    if not references:
        raise ValueError("a hypothesis cannot be scored without a reference")
    best = min(references, key=lambda reference: (Levenshtein.distance(reference, hypothesis), -len(reference)))
    return align(best, hypothesis)
