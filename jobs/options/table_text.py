"""Tables as text that people can read: a name, a colon, and words."""

from __future__ import annotations


def table(text: str) -> dict[str, tuple[str, ...]]:
    """
    The words of each name.

    :param text: a line ``name: word word ...`` for each; lines that are indented go on with the one above
    """
    rows: dict[str, tuple[str, ...]] = {}
    for line in text.replace("\n    ", " ").splitlines():
        name, colon, words = line.partition(":")
        if colon:
            rows[name] = tuple(words.split())
    return rows
