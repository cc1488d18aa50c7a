"""The diffs that the pages show are those of changes that were made: what they add is in the files of today."""

from __future__ import annotations

import pytest

from .pages import PAGES, ROOT, Block, blocks

DIFFS = [block for page in PAGES for block in blocks(page) if block.kind == "diff"]
LEFT_OUT = "..."


def parts_of(block: Block) -> list[list[str]]:
    """The lines that are there after the change, in parts between which lines are left out."""
    parts: list[list[str]] = [[]]
    for line in block.code.splitlines():
        if line == LEFT_OUT:
            parts.append([])
        elif line[:1] in ("+", " ", ""):
            parts[-1].append(line[1:])
        else:
            assert line.startswith("-"), f"{block.place}: a line of a diff begins with +, - or a space: {line!r}"
    return [part for part in parts if part]


def test_pages_have_diffs() -> None:
    assert len(DIFFS) > 10


@pytest.mark.parametrize("block", DIFFS, ids=lambda block: block.place)
def test_diff(block: Block) -> None:
    assert block.title is not None and (ROOT / block.title).exists(), f"{block.place}: there is no file {block.title}"
    lines = (ROOT / block.title).read_text(encoding="utf-8").splitlines()
    start = 0
    for part in parts_of(block):
        places = [place for place in range(start, len(lines)) if lines[place : place + len(part)] == part]
        text = "\n".join(part)
        assert places, f"{block.place}: {block.title} has not, after line {start}:\n{text}"
        start = places[0] + len(part)
    removed = [line[1:] for line in block.code.splitlines() if line.startswith("-")]
    assert not set(removed) & set(lines), f"{block.place}: still in {block.title}"
