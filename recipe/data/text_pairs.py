"""Pairs of texts: two files, a sentence a line, each line the translation of the same line of the other."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from .text import read_lines


def read_pairs(source: str, target: str) -> Iterator[tuple[int, str, str]]:
    """
    Number of the line, source and target of all pairs, one at a time.

    :raises ValueError: at a line that is not UTF-8 (file and line), or if one file has more lines
    """
    pairs = itertools.zip_longest(read_lines(source), read_lines(target))
    for number, (one, other) in enumerate(pairs, 1):
        if one is None or other is None:
            longer, shorter = (source, target) if other is None else (target, source)
            raise ValueError(
                f"{longer}:{number}: has no translation: {shorter} ends with line {number - 1}, and both files must "
                "have the same number of lines"
            )
        yield number, one, other
