"""
Recordings of one reader in the layout of LibriSpeech, for trying out what is made for LibriSpeech.

The reader is divided into made-up speakers, each with two chapters; which recording goes where is decided by the MD5 of
its name.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from ..festvox import Recording
from .audio import segment_file
from .corpus import Segment

SHARES = {
    "train-clean-100": 8,
    "train-clean-360": 4,
    "train-other-500": 4,
    "dev-clean": 1,
    "dev-other": 1,
    "test-clean": 1,
    "test-other": 1,
}
"""Twentieths of all recordings, by part."""

FIRST_SPEAKER = {part: 1000 + 1000 * number for number, part in enumerate(SHARES)}
_PER_SPEAKER = 20
_CHAPTERS = 2


class Placed(NamedTuple):
    """A recording with its place: part, speaker, chapter, number in the chapter."""

    recording: Recording
    part: str
    speaker: int
    chapter: int
    number: int

    @property
    def name(self) -> str:
        """As LibriSpeech names it."""
        return f"{self.speaker}-{self.chapter}-{self.number:04d}"


def place_recordings(recordings: Sequence[Recording], limit: int | None = None) -> list[Placed]:
    """
    Divides recordings into parts, speakers and chapters.

    :param limit: take so many; each part has its share of them
    :raises ValueError: if there are too few for one in each part
    """
    ordered = sorted(recordings, key=lambda one: (hashlib.md5(one.name.encode()).hexdigest(), one.name))[:limit]
    total = sum(SHARES.values())
    if len(ordered) < total:
        raise ValueError(
            f"{len(ordered)} recordings: at least {total} are needed for all parts of LibriSpeech's layout"
        )
    placed, first, before = [], 0, 0
    for part, share in SHARES.items():
        before += share
        last = len(ordered) * before // total
        placed += _of_part(part, ordered[first:last])
        first = last
    return placed


def _of_part(part: str, recordings: Sequence[Recording]) -> list[Placed]:
    speakers = max(round(len(recordings) / _PER_SPEAKER), min(2, len(recordings)))
    counts: dict[int, int] = {}
    placed = []
    for index, recording in enumerate(recordings):
        group = index % min(speakers * _CHAPTERS, len(recordings))
        speaker = FIRST_SPEAKER[part] + group % speakers
        chapter = 100 * speaker + group // speakers
        placed.append(Placed(recording, part, speaker, chapter, counts.get(group, 0)))
        counts[group] = counts.get(group, 0) + 1
    return placed


def normalised_text(text: str) -> str:
    """
    A sentence as LibriSpeech has it: words in upper case, without marks; "+", which marks stress, goes as well.

    :raises ValueError: if nothing is left
    """
    words = re.sub(r"[^\w']+", " ", text.replace("+", "").upper().replace("_", " ")).split()
    words = [word.strip("'") or "" for word in words]
    kept = " ".join(word for word in words if word)
    if not kept:
        raise ValueError(f"no word is left of the text {text!r}")
    return kept


def write_chapter(directory: str, placed: Sequence[Placed]) -> float:
    """
    Writes the recordings of a chapter as FLAC, and their transcripts.

    :param directory: that has the parts in it
    :return: seconds of the recordings
    :raises ValueError: at a recording that cannot be read
    """
    first = placed[0]
    home = os.path.join(directory, first.part, str(first.speaker), str(first.chapter))
    os.makedirs(home, exist_ok=True)
    seconds, lines = 0.0, []
    for one in sorted(placed, key=lambda one: one.number):
        content, length = segment_file(Segment(one.name, one.recording.wav, "", str(one.speaker)), "flac")
        with open(os.path.join(home, f"{one.name}.flac"), "wb") as file:
            file.write(content)
        lines.append(f"{one.name} {normalised_text(one.recording.text)}\n")
        seconds += length
    with open(os.path.join(home, f"{first.speaker}-{first.chapter}.trans.txt"), "w", encoding="utf-8") as file:
        file.writelines(lines)
    return seconds


def speakers_text(minutes: Mapping[tuple[str, int], float], *, sex: str, name: str) -> str:
    """``SPEAKERS.TXT``."""
    lines = [
        "; Made-up speakers: the recordings of one reader, divided\n",
        ";ID  |SEX| SUBSET           |MINUTES| NAME\n",
    ]
    for (part, speaker), length in sorted(minutes.items(), key=lambda item: item[0][1]):
        lines.append(f"{speaker:<5}| {sex} | {part:<16} | {length:<5.2f} | {name}\n")
    return "".join(lines)
