"""
Files of references: JSON lines, one sequence a line, with all transcripts that count as right::

    {"seq_tag": "read", "references": [["R", "EH", "D"], ["R", "IY", "D"]], "speaker": "bob"}

``speaker`` may be missing; it can be any group that the sequence belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NamedTuple

from sisyphus import tk

from .atomic_file import replacing
from .hypotheses import Labels, labels_of, read_entries


class Reference(NamedTuple):
    """
    :ivar transcripts: all that count as right
    :ivar speaker: whose it is, or another group
    """

    transcripts: tuple[Labels, ...]
    speaker: str | None = None


def read_references(path: str) -> dict[str, Reference]:
    """
    The references by tag.

    :raises ValueError: at a malformed line, a sequence that stands twice or has no reference; the message names file
        and line
    """
    found = {}
    for number, tag, entry in read_entries(path, "references"):
        try:
            transcripts = tuple(labels_of(item) for item in entry["references"])
            speaker = entry.get("speaker")
            if not transcripts or not (speaker is None or isinstance(speaker, str)):
                raise TypeError("it has no reference" if not transcripts else f"speaker is {speaker!r}")
        except (TypeError, AttributeError) as error:
            raise ValueError(f"{path}:{number}: no references of {tag!r}: {error}") from error
        found[tag] = Reference(transcripts, speaker)
    return found


def write_references(path: tk.Path, references: Mapping[str, Reference]) -> None:
    """Writes them, in the order of the tags."""
    with replacing(path) as part, open(part, "w", encoding="utf-8") as file:
        for tag in sorted(references):
            transcripts, speaker = references[tag]
            entry = {"seq_tag": tag, "references": [list(labels) for labels in transcripts]}
            file.write(json.dumps({**entry, **({"speaker": speaker} if speaker else {})}, ensure_ascii=False) + "\n")
