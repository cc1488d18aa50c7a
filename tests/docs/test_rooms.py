"""The picture of who imports whom shows the imports that there are."""

from __future__ import annotations

import re

from .pages import PAGES, text_of
from .rooms import PICTURE, ROOMS, drawn, imports


def test_picture_shows_the_imports() -> None:
    found = imports()
    assert len(found) > 10
    assert drawn() == found, "draw it anew: python -m tests.docs.rooms"


def test_picture_has_all_rooms_and_is_shown() -> None:
    nodes = set(re.findall(r'class="node">\s*<title>([^<]+)</title>', PICTURE.read_text(encoding="utf-8")))
    assert set(ROOMS) <= nodes
    assert any("(rooms.svg)" in text_of(page) for page in PAGES)
