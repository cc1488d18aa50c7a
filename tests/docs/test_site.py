"""The menu of the site has each page once."""

from __future__ import annotations

import re

from .pages import PAGES, text_of


def test_each_page_is_in_the_menu() -> None:
    menu = text_of("mkdocs.yml").partition("\nnav:\n")[2]
    listed = re.findall(r"(?:- |: )([\w/]+\.md)$", menu, re.MULTILINE)
    assert sorted(f"docs/{name}" for name in listed) == [page for page in PAGES if page.startswith("docs/")]


def test_front_page_leads_to_each_page() -> None:
    front = text_of("docs/index.md")
    missing = [page for page in PAGES if page.startswith("docs/") and f"({page.removeprefix('docs/')})" not in front]
    assert missing == ["docs/index.md"]
