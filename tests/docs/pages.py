"""The pages of the documentation, and their blocks of code."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterator
from typing import NamedTuple

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "tests/cluster/README.md",
    *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").rglob("*.md")),
]
"""All pages, relative to the repository."""

_FENCE = re.compile(r"^```(?P<kind>\w*)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """
    A block of code.

    :ivar kind: its language: ``python``, ``sh``, or ``text`` for what is printed
    :ivar title: the name of the file that it is, if it is one
    :ivar line: of the page, where the code begins
    """

    kind: str
    title: str | None
    code: str
    page: str
    line: int

    @property
    def place(self) -> str:
        """The page and line, as a file name for tracebacks."""
        return f"{self.page}:{self.line}"


def text_of(page: str) -> str:
    """The text of a page."""
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str) -> Iterator[Block]:
    """All blocks of a page."""
    text = text_of(page)
    for match in _FENCE.finditer(text):
        yield Block(match["kind"], match["title"], match["code"], page, text.count("\n", 0, match.start()) + 2)


def prose(page: str) -> str:
    """A page without its blocks; lines keep their numbers."""
    return _FENCE.sub(lambda match: "\n" * match[0].count("\n"), text_of(page))


def inline_code(page: str) -> Iterator[tuple[str, int]]:
    """All that stands between backticks, with its line."""
    text = prose(page)
    for match in re.finditer(r"`([^`\n]+(?:\n[^`\n]+)?)`", text):
        yield " ".join(match[1].split()), text.count("\n", 0, match.start()) + 1
