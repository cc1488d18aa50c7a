"""The pictures of who imports whom show the imports that there are, and all rooms."""

from __future__ import annotations

import re

import pytest

from .pages import PAGES, ROOT, text_of
from .rooms import NN, PICTURES, Picture, drawn, drawn_rooms, imports, without_implied


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file.name)
def test_picture_shows_the_imports(picture: Picture) -> None:
    found = imports(picture)
    assert len(found) > 10
    assert drawn(picture) == found, "draw it anew: python -m tests.docs.rooms"


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.file.name)
def test_picture_has_all_rooms_and_is_shown(picture: Picture) -> None:
    assert drawn_rooms(picture) == {*picture.rooms, *picture.others}
    assert any(f"({picture.file.name})" in text_of(page) for page in PAGES)


def test_all_folders_and_modules_of_the_language_are_rooms() -> None:
    place = ROOT / "recipe" / "nn"
    found = {path.stem for path in place.iterdir() if (path / "__init__.py").exists() or path.suffix == ".py"}
    assert {f"recipe.nn.{name}" for name in found - {"__init__"}} == {*NN.rooms, *NN.other_names} - {"recipe.nn"}


def test_the_page_says_what_each_room_is() -> None:
    rooms = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text_of("docs/design.md"), re.MULTILINE)
    names = {f"recipe.nn.{name}" for room in rooms for name in re.findall(r"\w+", room)}
    assert names == set(NN.rooms) - {"recipe.nn", "recipe.nn.staged_network"}


def test_what_is_implied_is_left_out() -> None:
    chain = {("a", "b"), ("b", "c"), ("c", "d")}
    assert without_implied({*chain, ("a", "c"), ("a", "d"), ("e", "d")}) == {*chain, ("e", "d")}
