"""Lines of a text of Python, of which some are left out where nothing reads what they define."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from .formatting import formatted

_WORD = re.compile(r"[^\W\d]\w*")


class Line(NamedTuple):
    """
    One statement.

    :ivar depth: how many blocks are around it
    :ivar text: its code, with a comment
    :ivar defines: the variable that it is for, if it may be left out; "" for a line that stays
    """

    depth: int
    text: str
    defines: str


class Lines:
    """The lines of a function, in order."""

    def __init__(self) -> None:
        self._lines: list[Line] = []
        self._first_block: int | None = None
        self.depth = 1

    def add(self, text: str, *, defines: str = "") -> None:
        """
        Adds a statement.

        :param defines: the variable that it is for, where it may be left out if nothing after it reads that
        """
        self._lines.append(Line(self.depth, text, defines))

    def add_before_blocks(self, text: str) -> None:
        """Adds a statement before the outermost block that is written now."""
        if self._first_block is None:
            self.add(text)
        else:
            self._lines.insert(self._first_block, Line(1, text, ""))
            self._first_block += 1

    @property
    def is_in_block(self) -> bool:
        """Whether a block is written now."""
        return self._first_block is not None

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A statement with a block, in which those stand that are added meanwhile; ``pass`` if there is none."""
        is_first = self._first_block is None
        if is_first:
            self._first_block = len(self._lines)
        self.add(head)
        self.depth += 1
        yield
        self.add("pass")
        self.depth -= 1
        if is_first:
            self._first_block = None

    def kept(self) -> list[str]:
        """The lines but for those whose variables nothing reads, indented and within 120 columns."""
        read: set[str] = set()
        kept: list[Line] = []
        for line in reversed(self._lines):
            if line.defines and line.defines not in read:
                continue
            code = line.text.partition("  # ")[0]
            read.update(_WORD.findall(code.partition(" = ")[2] if line.defines else code))
            kept.append(line)
        result: list[str] = []
        before = Line(0, "", "")
        for line in reversed(kept):
            if line.text == "pass" and before.depth >= line.depth:
                continue  # the block has other statements
            result += formatted(line.text, line.depth) if line.text else [""]
            before = line if line.text else before
        return result
