"""The page of the gallery has each architecture, with its picture and lines of its file."""

from __future__ import annotations

import textwrap

import pytest

from .gallery import ARCHITECTURES, NAMES, what_is_drawn, what_was_drawn
from .pages import ROOT, blocks, text_of

PAGE = "docs/gallery.md"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_each_architecture_is_on_the_page(name: str) -> None:
    text = text_of(PAGE)
    rows = [line for line in text.splitlines() if line.startswith("|") and f"`configs/gallery/{name}.py`" in line]
    assert len(rows) == 1 and "](https://" in rows[0], f"a row for {name}, with its paper: {rows}"
    assert f"](gallery/{name}.svg)" in text, f"the picture of {name}"


@pytest.mark.parametrize("name", NAMES)
def test_pictures_show_the_networks(name: str) -> None:
    assert what_was_drawn(name) == what_is_drawn(name), "draw it anew: python -m tests.docs.gallery"


def test_lines_are_those_of_the_files() -> None:
    shown = [block for block in blocks(PAGE) if block.title is not None]
    assert {block.title for block in shown} >= {f"configs/gallery/{name}.py" for name in ARCHITECTURES}
    for block in shown:
        assert block.title is not None
        lines = (ROOT / block.title).read_text(encoding="utf-8").splitlines()
        size = block.code.count("\n")
        parts = (textwrap.dedent("\n".join(lines[start : start + size])) for start in range(len(lines)))
        assert block.code.strip("\n") in parts, f"{block.place}: these are no lines of {block.title}"
