"""Lexicon files: one pronunciation a line, ``word<TAB>PH ON ES``."""

from __future__ import annotations

from collections.abc import Iterator

from .cmudict import Lexicon


def read_lexicon(path: str) -> Lexicon:
    """
    Reads a lexicon.

    :raises ValueError: at a line that is no ``word<TAB>phones``; the message names file and line
    """
    lexicon: Lexicon = {}
    for number, word, phones in read_lines(path):
        if phones in lexicon.get(word, []):
            raise ValueError(f"{path}:{number}: the pronunciation {' '.join(phones)} of {word!r} stands there twice")
        lexicon.setdefault(word, []).append(phones)
    return lexicon


def read_lines(path: str) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """The lines of a lexicon: number, word, phones."""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            word, tab, phones = line.rstrip("\n").partition("\t")
            if not tab or not word or not phones.split():
                raise ValueError(f"{path}:{number}: expected word<TAB>phones, found {line.rstrip()!r}")
            yield number, word, tuple(phones.split())


def write_lexicon(path: str, lexicon: Lexicon) -> None:
    """Writes a lexicon, words in order of the alphabet."""
    with open(path, "w", encoding="utf-8") as file:
        for word in sorted(lexicon):
            for phones in lexicon[word]:
                file.write(f"{word}\t{' '.join(phones)}\n")
