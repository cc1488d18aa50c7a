"""The menu of the site has each page once; the landing page; nothing comes from elsewhere."""

from __future__ import annotations

import re

from .pages import PAGES, blocks, text_of


def test_each_page_is_in_the_menu() -> None:
    menu = text_of("mkdocs.yml").partition("\nnav:\n")[2]
    listed = re.findall(r"(?:- |: )([\w/]+\.md)$", menu, re.MULTILINE)
    assert sorted(f"docs/{name}" for name in listed) == [page for page in PAGES if page.startswith("docs/")]


def test_nothing_comes_from_other_hosts() -> None:
    """Neither fonts nor scripts nor pictures."""
    assert "font: false" in text_of("mkdocs.yml")
    for page in [*PAGES, "docs/site.css"]:
        assert not re.search(r"""!\[[^\]]*\]\(http|src=["']http|url\(["']?http|@import""", text_of(page)), page


def test_landing_page_shows_the_decoder_of_the_readme() -> None:
    """Which is run, and drawn."""
    (landing,) = (block.code for block in blocks("docs/index.md") if block.kind == "python")
    (readme,) = (block.code for block in blocks("README.md") if block.kind == "python")
    assert landing == readme
