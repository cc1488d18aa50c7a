"""Lines of text files that begin with a key, as Kaldi and LibriSpeech have them."""

from __future__ import annotations

from collections.abc import Iterator

from ..text import numbered_lines


def keyed_lines(path: str) -> Iterator[tuple[int, str, str]]:
    """
    Lines ``KEY REST``, as Kaldi has them: number, key, rest without spaces around it. Empty lines are left out.

    :raises ValueError: if a key stands twice; the message names file and lines
    """
    first: dict[str, int] = {}
    for number, line in numbered_lines(path):
        key, _, rest = line.strip().replace("\t", " ").partition(" ")
        if not key:
            continue
        if key in first:
            raise ValueError(f"{path}:{number}: {key!r} stands there twice, first in line {first[key]}")
        first[key] = number
        yield number, key, rest.strip()
