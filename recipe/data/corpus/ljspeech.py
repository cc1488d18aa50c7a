"""
The layout of LJSpeech: ``metadata.csv`` with lines ``NAME|TEXT|NORMALISED TEXT``, and ``wavs/NAME.wav``.

Others write ``NAME|TEXT``, or the file in place of the name: ``NAME.wav|TEXT``, ``wavs/NAME.wav|TEXT``.
"""

from __future__ import annotations

import os

from ..text import numbered_lines
from .corpus import Corpus, Segment
from .matching import check_matching

_ENDINGS = (".wav", ".flac")


def read_ljspeech(directory: str, *, speaker: str = "LJ", normalised: bool = True) -> Corpus:
    """
    A corpus of one reader.

    :param speaker: the name of the reader
    :param normalised: whether to take the text with numbers and abbreviations as words
    :raises ValueError: at a malformed line, a transcript without audio and the reverse, or if there is none
    :raises FileNotFoundError: without ``metadata.csv`` or ``wavs``
    """
    listed = os.path.join(directory, "metadata.csv")
    texts: dict[str, str] = {}
    lines: dict[str, int] = {}
    for number, line in numbered_lines(listed):
        if not line.strip():
            continue
        name, *written = line.split("|")
        if len(written) not in (1, 2) or not name:
            raise ValueError(f"{listed}:{number}: no line NAME|TEXT|NORMALISED TEXT: {line[:80]!r}")
        name = _without_ending(name)
        if name in texts:
            raise ValueError(f"{listed}:{number}: {name!r} stands there twice, first in line {lines[name]}")
        texts[name], lines[name] = " ".join(written[-1 if normalised else 0].split()), number
        if not texts[name]:
            other = "; normalised=False takes the text before it" if normalised and len(written) == 2 else ""
            raise ValueError(f"{listed}:{number}: audio without transcript: {name} has no text{other}")
    home = os.path.join(directory, "wavs")
    files = {name: ending for name, ending in map(os.path.splitext, os.listdir(home)) if ending in _ENDINGS}
    check_matching(texts, files, listed)
    if not texts:
        raise ValueError(f"{listed}: this corpus is empty")
    return Corpus(
        tuple(
            Segment(name, os.path.abspath(os.path.join(home, name + files[name])), texts[name], speaker)
            for name in sorted(texts)
        )
    )


def _without_ending(name: str) -> str:
    """The name of a recording, also where the file is written."""
    base, ending = os.path.splitext(name)
    return base.removeprefix("wavs/") if ending in _ENDINGS else name
