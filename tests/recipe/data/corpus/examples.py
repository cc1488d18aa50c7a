"""Small corpora in the formats that users have: noise of different lengths with texts."""

from __future__ import annotations

import os
import pathlib
import zlib

import numpy

from recipe.data.corpus.audio import encoded
from recipe.data.corpus.corpus import Corpus, Segment

RATE = 8000

TEXTS = {
    "1-10-0000": "ONE",
    "1-10-0001": "ONE TWO",
    "1-11-0000": "IT'S THREE",
    "2-20-0000": "TWO AND TWO",
    "30-300-0000": "SOME MORE",
}
SECONDS = {name: 0.25 + 0.125 * number for number, name in enumerate(TEXTS)}
SPEAKERS = {name: name.split("-")[0] for name in TEXTS}


def noise(name: str, seconds: float) -> numpy.ndarray:
    """Samples of 16 bits, the same ones for a name."""
    random = numpy.random.RandomState(zlib.crc32(name.encode()))
    return numpy.round(random.randn(int(seconds * RATE)) * 2000).astype("float32") / 32768


def write_sound(path: pathlib.Path | str, name: str, seconds: float) -> str:
    """Writes a recording, in the format of its ending; gives its path."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(encoded(noise(name, seconds), RATE, os.path.splitext(path)[1][1:]))
    return str(path)


def librispeech(root: pathlib.Path, part: str = "train-clean-100", first: str = "") -> pathlib.Path:
    """
    The layout of LibriSpeech; gives the directory that has the part in it.

    :param first: digits before all speakers
    """
    for name, text in TEXTS.items():
        name = first + name
        speaker, chapter, _ = name.split("-")
        home = root / part / speaker / chapter
        write_sound(home / f"{name}.flac", name, SECONDS[name[len(first) :]])
        with open(home / f"{speaker}-{chapter}.trans.txt", "a", encoding="utf-8") as file:
            file.write(f"{name} {text}\n")
    return root


def corpus(root: pathlib.Path) -> Corpus:
    """The same segments as a corpus."""
    return Corpus(
        tuple(
            Segment(name, write_sound(root / f"{name}.flac", name, SECONDS[name]), text, SPEAKERS[name])
            for name, text in TEXTS.items()
        )
    )
