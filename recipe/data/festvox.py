"""
Recordings of one reader as Festival's voices hold them: ``wav/``, ``lab/`` (phones with their ends), a list of texts.

For the Russian voice (Debian's ``festvox-ru``): the phones, and the split that peers are measured on.
"""

from __future__ import annotations

import hashlib
import os
import re
from typing import NamedTuple

from .text import numbered_lines
from .vocabulary import Vocabulary

PAUSE = "pau"
"""Silence in the label files; it is no phone and is not scored."""

PARTS = ("train", "dev", "test")
UTTERANCES = {"train": 486, "dev": 72, "test": 62}
PHONE_COUNTS = {"train": 39_523, "dev": 5_855, "test": 5_148}

RUSSIAN_PHONES = Vocabulary(
    (
        *"a aa ae ay b bb c ch d dd e ee f ff g gg h hh i ii j k kk l ll m mm n nn".split(),
        *"oo p pp r rr s sch sh ss t tt u ur uu v vv y yy z zh zz".split(),
    )
)


class Phone(NamedTuple):
    """A phone of an utterance and when it ends, in seconds."""

    name: str
    end: float


class Utterance(NamedTuple):
    """One recording: its name, its sound file, its phones in order (pauses included)."""

    name: str
    wav: str
    phones: tuple[Phone, ...]

    def labels(self) -> tuple[str, ...]:
        """The phones without pauses."""
        return tuple(phone.name for phone in self.phones if phone.name != PAUSE)


class Recording(NamedTuple):
    """One recording: its name, its sound file, what is said as it is written in the voice."""

    name: str
    wav: str
    text: str


def part_of(name: str) -> str:
    """Which part of the split an utterance is in: 80 % "train", 10 % "dev", 10 % "test", by the MD5 of its name."""
    bucket = int(hashlib.md5(name.encode()).hexdigest(), 16) % 10
    return {0: "test", 1: "dev"}.get(bucket, "train")


def read_voice(directory: str) -> list[Utterance]:
    """
    All utterances of a voice, in order of their names.

    :param directory: the one that holds ``wav`` and ``lab``, or one somewhere above it
    :raises FileNotFoundError: if there is no such directory, or a recording has no labels
    :raises ValueError: at a malformed label file
    """
    home = _find_home(directory)
    utterances = []
    for file in sorted(os.listdir(os.path.join(home, "wav"))):
        name, ending = os.path.splitext(file)
        if ending == ".wav":
            phones = read_labels(os.path.join(home, "lab", f"{name}.lab"))
            utterances.append(Utterance(name, os.path.join(home, "wav", file), phones))
    return utterances


def read_recordings(directory: str) -> list[Recording]:
    """
    All recordings of a voice with their texts, in order of their names.

    :param directory: the one that holds ``wav``, ``lab`` and ``etc``, or one somewhere above it
    :raises FileNotFoundError: if there is no such directory
    :raises ValueError: at a malformed line of the texts, a text without audio, or audio without text
    """
    home = _find_home(directory)
    listed = os.path.join(home, "etc", "txt.done.data")
    texts = read_texts(listed)
    names = {name for name, ending in map(os.path.splitext, os.listdir(os.path.join(home, "wav"))) if ending == ".wav"}
    for what, missing in (
        ("transcripts without audio", set(texts) - names),
        ("audio without transcript", names - set(texts)),
    ):
        if missing:
            raise ValueError(f"{listed}: {what}: {', '.join(sorted(missing)[:10])}")
    return [Recording(name, os.path.join(home, "wav", f"{name}.wav"), texts[name]) for name in sorted(texts)]


def read_texts(path: str) -> dict[str, str]:
    """
    What is said, by the names of recordings: lines ``( NAME "TEXT" )``.

    :raises ValueError: at a malformed line; the message names file and line
    """
    texts: dict[str, str] = {}
    for number, line in numbered_lines(path):
        match = re.fullmatch(r'\s*\(\s*(\S+)\s+"(.*)"\s*\)\s*', line)
        if match is None and line.strip():
            raise ValueError(f'{path}:{number}: no line ( NAME "TEXT" ): {line[:80]!r}')
        if match is not None and match[1] in texts:
            raise ValueError(f"{path}:{number}: {match[1]!r} stands there twice")
        if match is not None:
            texts[match[1]] = match[2]
    return texts


def read_labels(path: str) -> tuple[Phone, ...]:
    """
    A label file: behind a line ``#`` lines ``END NUMBER PHONE``.

    :raises ValueError: at a malformed line; the message names file and line
    """
    phones = []
    with open(path, encoding="utf-8") as file:
        lines = file.read().splitlines()
    start = lines.index("#") + 1 if "#" in lines else 0
    for number, line in enumerate(lines[start:], start + 1):
        match = re.fullmatch(r"\s*([\d.]+)\s+\d+\s+(\S+)\s*", line)
        if match:
            phones.append(Phone(match[2], float(match[1])))
        elif line.strip():
            raise ValueError(f"{path}:{number}: no line END NUMBER PHONE: {line[:80]!r}")
    return tuple(phones)


def check_counts(parts: dict[str, list[Utterance]]) -> None:
    """
    Checks that this is the Russian voice that results are compared on.

    :raises ValueError: if a part has another number of utterances or phones
    """
    for part, utterances in parts.items():
        counts = len(utterances), sum(len(utterance.labels()) for utterance in utterances)
        if counts != (UTTERANCES[part], PHONE_COUNTS[part]):
            raise ValueError(
                f"these are other recordings: {part} has {counts[0]} utterances and {counts[1]} phones, "
                f"expected {UTTERANCES[part]} and {PHONE_COUNTS[part]} (festvox-ru 0.5)"
            )


def _find_home(directory: str) -> str:
    for home, directories, _ in os.walk(directory):
        if {"wav", "lab"} <= set(directories):
            return home
        directories.sort()
    raise FileNotFoundError(f"there are no directories wav and lab in or below {directory}")
