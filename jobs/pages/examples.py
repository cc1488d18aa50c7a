"""Sequences to look at: those with most errors, and some by chance, each with its alternatives of the beam."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..alignments import Alignment
from ..hypotheses import Hypothesis

_MOST_ALTERNATIVES = 10


class Alternative(NamedTuple):
    """
    A hypothesis of a beam.

    :ivar text: its labels
    :ivar score: log-probability, as text; "" if there is none
    """

    text: str
    score: str


class Example(NamedTuple):
    """
    A sequence.

    :ivar tag: its name
    :ivar errors: how many, as text
    :ivar columns: (right, found, kind): kind is "", "sub", "ins" or "del"
    :ivar alternatives: all hypotheses that the search kept, best first; empty if they are not known
    """

    tag: str
    errors: str
    columns: list[tuple[str, str, str]]
    alternatives: list[Alternative]


class Examples(NamedTuple):
    """
    Examples of a part of the data.

    :ivar part: its name
    :ivar worst: those with most errors
    :ivar random: some of the others
    """

    part: str
    worst: list[Example]
    random: list[Example]


def examples(
    part: str, alignments: Sequence[Alignment], found: Mapping[str, Sequence[Hypothesis]] | None, number: int
) -> Examples:
    """
    Half of them those with most errors, half drawn by a hash of their names: the same ones in each run.

    :param part: of the data
    :param alignments: of all sequences
    :param found: all hypotheses, by name of the sequence
    :param number: how many
    """
    worst = sorted(alignments, key=lambda item: (-item.errors, item.tag))[: number // 2]
    rest = [item for item in alignments if item not in worst]
    drawn = sorted(rest, key=lambda item: hashlib.sha256(item.tag.encode()).digest())[: number - len(worst)]
    beams = found or {}
    return Examples(part, *([example(item, beams.get(item.tag, ())) for item in items] for items in (worst, drawn)))


def example(alignment: Alignment, hypotheses: Sequence[Hypothesis] = ()) -> Example:
    """A sequence as it is shown."""
    columns = [
        (
            right or "∅",
            found or "∅",
            "" if right == found else "ins" if right is None else "del" if found is None else "sub",
        )
        for right, found in alignment.pairs
    ]
    errors = f"{alignment.errors} error{'' if alignment.errors == 1 else 's'}"
    alternatives = [
        Alternative(" ".join(item.labels), "" if item.score != item.score else f"{item.score:.3f}")
        for item in hypotheses[:_MOST_ALTERNATIVES]
    ]
    return Example(alignment.tag, errors, columns, alternatives)
