"""
The layout of LibriSpeech: ``PART/SPEAKER/CHAPTER/SPEAKER-CHAPTER-NUMBER.flac`` with ``SPEAKER-CHAPTER.trans.txt``.

Panayotov et al. 2015, "Librispeech: an ASR corpus based on public domain audio books".
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..text import numbered_lines
from .corpus import Corpus, Segment
from .matching import check_matching
from .text_lines import keyed_lines

PARTS = (
    "train-clean-100",
    "train-clean-360",
    "train-other-500",
    "dev-clean",
    "dev-other",
    "test-clean",
    "test-other",
)

_ENDINGS = (".flac", ".wav", ".ogg", ".opus", ".mp3")


class Speaker(NamedTuple):
    """A line of ``SPEAKERS.TXT``: sex, part, minutes, name."""

    sex: str
    part: str
    minutes: float
    name: str


def read_librispeech(directory: str, parts: Sequence[str]) -> Corpus:
    """
    Parts of LibriSpeech, or of what has its layout.

    :param directory: that has the parts in it, and ``SPEAKERS.TXT`` if there is one
    :param parts: names of directories, as "train-clean-100"
    :raises ValueError: at a transcript without audio, audio without transcript, a malformed line, a speaker that
        ``SPEAKERS.TXT`` has in another part or does not have, or a part without segments
    :raises FileNotFoundError: if a part is not there
    """
    listed = os.path.join(directory, "SPEAKERS.TXT")
    speakers = read_speakers(listed) if os.path.exists(listed) else None
    segments: list[Segment] = []
    for part in parts:
        home = os.path.join(directory, part)
        if not os.path.isdir(home):
            there = sorted(name for name in os.listdir(directory) if os.path.isdir(os.path.join(directory, name)))
            raise FileNotFoundError(f"{directory} has no part {part!r}; it has: {', '.join(there) or 'no directory'}")
        found = list(_segments(home))
        if not found:
            raise ValueError(f"{home}: no speaker/chapter/*.trans.txt in it: this part is empty")
        for speaker in sorted({segment.speaker for segment in found}) if speakers is not None else ():
            _check_speaker(listed, speakers or {}, speaker, part)
        segments += found
    return Corpus(tuple(segments))


def read_speakers(path: str) -> dict[str, Speaker]:
    """
    ``SPEAKERS.TXT``: lines ``ID | SEX | PART | MINUTES | NAME``, and comments behind ``;``.

    :raises ValueError: at a malformed line; the message names file and line
    """
    speakers = {}
    for number, line in numbered_lines(path):
        if not line.strip() or line.startswith(";"):
            continue
        fields = [field.strip() for field in line.split("|", 4)]
        try:
            name, sex, part, minutes, person = fields
            speakers[name] = Speaker(sex, part, float(minutes), person)
        except ValueError as error:
            raise ValueError(f"{path}:{number}: no line ID | SEX | PART | MINUTES | NAME: {line[:80]!r}") from error
    return speakers


def _check_speaker(path: str, speakers: dict[str, Speaker], speaker: str, part: str) -> None:
    if speaker not in speakers:
        raise ValueError(f"{path} has no speaker {speaker}, who has a directory in {part}")
    if speakers[speaker].part != part:
        raise ValueError(f"{path}: speaker {speaker} is of {speakers[speaker].part}, but has a directory in {part}")


def _segments(home: str) -> Iterator[Segment]:
    """Those of a part, in the order of speakers and chapters by number."""
    for speaker in _directories(home):
        for chapter in _directories(os.path.join(home, speaker)):
            yield from _of_chapter(os.path.join(home, speaker, chapter), speaker, chapter)


def _of_chapter(directory: str, speaker: str, chapter: str) -> Iterator[Segment]:
    files = {}
    for file in sorted(os.listdir(directory)):
        name, ending = os.path.splitext(file)
        if ending.lower() in _ENDINGS:
            files[name] = os.path.join(directory, file)
    listed = os.path.join(directory, f"{speaker}-{chapter}.trans.txt")
    if not os.path.exists(listed):
        raise ValueError(f"{directory}: there is no {speaker}-{chapter}.trans.txt, so its audio has no transcripts")
    texts = {}
    for number, name, text in keyed_lines(listed):
        if not text:
            raise ValueError(f"{listed}:{number}: {name} has no text")
        texts[name] = " ".join(text.split())
    check_matching(texts, files, listed)
    for name in sorted(texts):
        yield Segment(name, os.path.abspath(files[name]), texts[name], speaker)


def _directories(home: str) -> list[str]:
    names = [name for name in os.listdir(home) if os.path.isdir(os.path.join(home, name))]
    return sorted(names, key=lambda name: (not name.isdecimal(), int(name) if name.isdecimal() else 0, name))
