"""
docs/messages.md: its wrong programs say what it says, its right ones are right.

``pytest --update-golden`` of this file writes the messages of the page anew.
"""

from __future__ import annotations

import importlib.util
import pathlib
import re
import textwrap
import warnings
from typing import Any, NamedTuple

import pytest

from recipe import nn

PAGE = pathlib.Path(__file__).parents[4] / "docs" / "messages.md"
SECTION = re.compile(
    r"^### (?P<title>[^\n]*)\n\n"
    r"```python\n(?P<wrong>.*?)```\n\n```text\n(?P<message>.*?)```\n\n```python\n(?P<right>.*?)```\n",
    re.DOTALL | re.MULTILINE,
)
WIDTH = 116


class Section(NamedTuple):
    """A message: its title, the wrong program, and the right one."""

    title: str
    wrong: str
    right: str


def sections() -> list[Section]:
    """All of the page."""
    text = PAGE.read_text()
    assert len(SECTION.findall(text)) == text.count("\n### ")
    return [Section(match["title"], match["wrong"], match["right"]) for match in SECTION.finditer(text)]


def names_of_all(directory: pathlib.Path) -> dict[str, Any]:
    """What all programs start with: the first block of the page."""
    match = re.search(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert match is not None
    path = directory / "start.py"
    path.write_text(match[1])
    return names_of(path, {})


def names_of(path: pathlib.Path, known: dict[str, Any]) -> dict[str, Any]:
    """
    The names that a program defines.

    :param known: names that it may use, as if they were defined before its first line
    """
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    vars(module).update({name: value for name, value in known.items() if not name.startswith("__")})
    specification.loader.exec_module(module)
    return vars(module)


def message_about(code: str, path: pathlib.Path) -> str:
    """What is said about a program, with ``model.py`` for its file; nothing if it is right."""
    path.write_text(code)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            model = names_of(path, names_of_all(path.parent)).get("model")
            if model is not None:
                nn.Network(model)
        except nn.NetworkError as error:
            return f"NetworkError: {error}".replace(str(path), path.name)
    told = [warning for warning in caught if issubclass(warning.category, nn.NetworkWarning)]
    assert len(told) <= 1, [str(warning.message) for warning in told]
    if not told:
        return ""
    return warnings.formatwarning(
        str(told[0].message), told[0].category, path.name, told[0].lineno, code.splitlines()[told[0].lineno - 1]
    ).rstrip()


def wrapped(message: str) -> str:
    """A message in lines that fit the page; source lines are indented by four blanks, as they are printed."""
    lines: list[str] = []
    for line in message.splitlines():
        if line.startswith("  "):
            lines.append("    " + line.strip())
        else:
            lines += textwrap.wrap(line, WIDTH, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{line}\n" for line in lines)


def test_wrong_programs_say_what_the_page_says(tmp_path: pathlib.Path, request: pytest.FixtureRequest) -> None:
    def with_message(match: re.Match[str]) -> str:
        directory = tmp_path / str(match.start())
        directory.mkdir()
        message = message_about(match["wrong"], directory / "model.py")
        assert message, f"nothing is said about {match['title']!r}"
        start, end = (position - match.start() for position in match.span("message"))
        return match[0][:start] + wrapped(message) + match[0][end:]

    page = PAGE.read_text()
    true_page = SECTION.sub(with_message, page)
    if request.config.getoption("--update-golden"):
        PAGE.write_text(true_page)
        return
    assert page == true_page


@pytest.mark.parametrize("section", sections(), ids=lambda section: section.title)
def test_right_program(section: Section, tmp_path: pathlib.Path) -> None:
    assert not message_about(section.right, tmp_path / "model.py")
