"""The table of quirks is made of the docstrings of their files, and what these name is there in RETURNN."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

from recipe.nn.tf_layers.quirks import QUIRKS

from .pages import ROOT
from .quirks import (
    FOLDER,
    PAGES_WITH_COUNTS,
    QuirkText,
    counts,
    quirk_texts,
    rule_texts,
    tables,
    written_counts,
    written_tables,
)


def test_tables() -> None:
    assert written_tables() == tables(), "write them anew: python -m tests.docs.quirks"


@pytest.mark.parametrize("page", PAGES_WITH_COUNTS)
def test_counts(page: str) -> None:
    assert written_counts(page) == [counts()], "write them anew: python -m tests.docs.quirks"


def test_each_file_is_in_the_list_once() -> None:
    files = {path.stem for path in (ROOT / FOLDER).glob("*.py")} - {"__init__", "quirk"}
    names = [quirk.name for quirk in QUIRKS]
    assert sorted(names) == sorted(files)


@pytest.mark.parametrize("text", [*quirk_texts(), *rule_texts()], ids=lambda text: text.name)
def test_what_it_names_is_there_in_returnn(text: QuirkText) -> None:
    found = importlib.util.find_spec("returnn")
    assert found is not None and found.origin is not None
    package = pathlib.Path(found.origin).parent
    file = next((place / text.file for place in (package, package.parent) if (place / text.file).exists()), None)
    assert file is not None, f"RETURNN has no {text.file}"
    source = file.read_text(encoding="utf-8")
    for name in text.code.split(".") if text.code else ():
        assert f"class {name}" in source or f"def {name}" in source, f"{text.file} has no {name}"
