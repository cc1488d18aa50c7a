"""
Files of alignments: JSON lines, one sequence a line; null stands where the other has no counterpart::

    {"seq_tag": "cat", "errors": 1, "pairs": [["K", "K"], ["AE", "AH"], ["T", "T"]]}
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

from sisyphus import tk

from .atomic_file import replacing
from .error_report import SequenceScore
from .hypotheses import read_entries


class Alignment(NamedTuple):
    """
    :ivar tag: of the sequence
    :ivar errors: how many
    :ivar pairs: (reference label, hypothesis label)
    """

    tag: str
    errors: int
    pairs: list[tuple[str | None, str | None]]


def write_alignments(path: tk.Path, scores: Sequence[SequenceScore]) -> None:
    """Writes them, in the order of the tags."""
    with replacing(path) as part, open(part, "w", encoding="utf-8") as file:
        for item in sorted(scores, key=lambda item: item.tag):
            entry = {"seq_tag": item.tag, "errors": item.errors.count, "pairs": item.errors.pairs}
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def read_alignments(path: str) -> list[Alignment]:
    """
    All alignments of a file.

    :raises ValueError: at a malformed line; the message names file and line
    """
    found = []
    for number, tag, entry in read_entries(path, "pairs"):
        try:
            pairs = [(right, hypothesis) for right, hypothesis in entry["pairs"]]
            found.append(Alignment(tag, int(entry["errors"]), pairs))
        except (TypeError, ValueError, KeyError) as error:
            raise ValueError(f"{path}:{number}: no alignment of {tag!r}: {error!r}") from error
    return found
