"""Every test that the documentation names is there, and every point of the discussion names one."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([\w/.]+\.py)::(\w+)`")
PAGES = sorted(str(path.relative_to(ROOT / "docs")) for path in (ROOT / "docs").rglob("*.md"))


def functions(path: pathlib.Path) -> set[str]:
    """The functions of a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("page", PAGES)
def test_named_tests_exist(page: str) -> None:
    """Paths are relative to ``tests/recipe/nn``, or to the repository if they start with ``tests/``."""
    for name, function in NAMED.findall((ROOT / "docs" / page).read_text(encoding="utf-8")):
        path = ROOT / name if name.startswith("tests/") else ROOT / "tests/recipe/nn" / name
        assert path.is_file(), f"{page} names {name}, which is not there"
        assert function in functions(path), f"{page} names {name}::{function}, but there is no such test"


def test_each_point_of_the_discussion_has_its_line() -> None:
    text = (ROOT / "docs/discussion.md").read_text(encoding="utf-8")
    rows = {int(match[1]): match[0] for match in re.finditer(r"^\| (\d+) \|.*$", text, re.MULTILINE)}
    assert sorted(rows) == list(range(1, 62))
    assert [number for number, row in rows.items() if not NAMED.search(row)] == []


def section(page: str, heading: str) -> str:
    """The text under a heading."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    return re.split(r"^## ", text.split(f"## {heading}\n")[1], flags=re.MULTILINE)[0]


def rows_of(text: str) -> list[str]:
    """The rows of the tables of a text, without their heads."""
    lines = text.splitlines()
    heads = [number for number, line in enumerate(lines) if line.startswith("|---")]
    left_out = {*heads, *(number - 1 for number in heads)}
    return [line for number, line in enumerate(lines) if line.startswith("|") and number not in left_out]


def test_each_rule_names_a_test() -> None:
    rows = rows_of(section("quirks.md", "In rules"))
    assert len(rows) > 5 and [row for row in rows if not NAMED.search(row)] == []


TABLES = [
    ("language.md", "The language", ["Forms", "Over sequences, and in training alone", "States and calls"]),
    (
        "models.md",
        "Models",
        ["Decoders", "Around decoders", "Attentions of `AttentionLstmDecoder`", "Whole models", "Encoders", "Losses"],
    ),
    ("speech.md", "Speech", ["Encoders"]),
]


@pytest.mark.parametrize("page, title, headings", TABLES)
def test_each_row_of_the_readers_tables_has_a_test(page: str, title: str, headings: list[str]) -> None:
    """On the maintainers' page the same rows stand in the same order, each with a test."""
    for heading in headings:
        shown = [row.split(" | ")[0] for row in rows_of(section(page, heading))]
        tested = rows_of(section("maintainers/tests.md", f"{title}: {heading}"))
        assert shown and shown == [row.split(" | ")[0] for row in tested]
        assert [row for row in tested if not NAMED.search(row)] == []


def test_limitations_are_written_elsewhere() -> None:
    """What is worked around of an engine stands in one list, which is made of docstrings."""
    assert "|" not in section("language.md", "Limitations")
