"""
The German-English dictionary of Frank Richter (TU Chemnitz), from Debian's package ``trans-de-en``: words, phrases and
sentences with their translations.

A line is an entry: ``German | German :: English | English``, with forms or examples between ``|``, alternatives between
``;`` and remarks in brackets. The first alternative of each counts, without remarks.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from .text import read_lines

_REMARKS = re.compile(r"\{[^}]*\}|\[[^\]]*\]|<[^>]*>|\([^)]*\)|/[^/ ]*/")
_LETTERS = re.compile(r"[^\W\d_]")


class Translation(NamedTuple):
    """
    One pair.

    :ivar entry: the line that it stands in, from 1
    :ivar german: the text
    :ivar english: the text
    """

    entry: int
    german: str
    english: str


def read_dictionary(path: str) -> Iterator[Translation]:
    """
    The pairs of the dictionary, in its order; the same pair twice in an entry once.

    :param path: of ``usr/share/trans/de-en``
    :raises ValueError: at a line that is not UTF-8, or that has no ``::``; the message names file and line
    """
    for number, line in enumerate(read_lines(path), 1):
        if not line or line.startswith("#"):
            continue
        german, separator, english = line.partition(" :: ")
        if not separator:
            raise ValueError(f"{path}:{number}: no German :: English: {line[:80]!r}")
        sides = german.split(" | "), english.split(" | ")
        if len(sides[0]) != len(sides[1]):
            continue
        pairs = dict.fromkeys((_plain(one), _plain(other)) for one, other in zip(*sides))
        yield from (Translation(number, *pair) for pair in pairs if all(map(_LETTERS.search, pair)))


def part_of(entry: Translation) -> str:
    """
    Which part of the data a pair is in: 98 % "train", 1 % "dev", 1 % "test", by the MD5 of the number of its line, so
    that all forms of a word are in one part.
    """
    bucket = int(hashlib.md5(str(entry.entry).encode()).hexdigest(), 16) % 100
    return {0: "test", 1: "dev"}.get(bucket, "train")


def _plain(text: str) -> str:
    """The first alternative, without remarks."""
    return " ".join(_REMARKS.sub(" ", text).split(";")[0].split())
