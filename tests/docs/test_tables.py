"""Every test that the documentation names is there, and every point of the discussion names one."""

from __future__ import annotations

import ast
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
NAMED = re.compile(r"`([\w/.]+\.py)::(\w+)`")
PAGES = sorted(path.name for path in (ROOT / "docs").glob("*.md"))


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


@pytest.mark.parametrize("page, heading", [("language.md", "Forms"), ("quirks.md", "In rules")])
def test_each_row_names_a_test(page: str, heading: str) -> None:
    rows = [line for line in section(page, heading).splitlines() if line.startswith("|")][2:]
    assert len(rows) > 5 and [row for row in rows if not NAMED.search(row)] == []


def test_limitations_are_written_elsewhere() -> None:
    """What is worked around of an engine stands in one list, which is made of docstrings."""
    assert "|" not in section("language.md", "Limitations")
