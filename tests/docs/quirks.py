"""
What is worked around of RETURNN, made of docstrings: the quirks, a file each, and the rules that do so as well.

``python -m tests.docs.quirks`` writes the tables of docs/quirks.md, and how many there are on other pages, anew.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from recipe.nn.tf_layers.quirks import QUIRKS

from .pages import ROOT, text_of

PAGE = "docs/quirks.md"
PAGES_WITH_COUNTS = ("docs/language.md", "docs/design.md")
FOLDER = "recipe/nn/tf_layers/quirks"
FOLDERS_OF_RULES = ("recipe/nn/tf_layers", "recipe/nn/ops")

_DOCSTRING = re.compile(
    r"RETURNN \((?P<version>[\d.]+), (?:``(?P<code>[\w.]+)`` in )?(?P<file>[\w/]+\.py)\) (?P<what>.+\.) "
    r"(?P<instead>So .+?\.)(?: Test: (?P<test>[\w/.]+::\w+))?"
)
_COUNTS = re.compile(r"\d+ \[quirks\]\(quirks\.md\) and \d+ \[rules\]\(quirks\.md#in-rules\)")


class QuirkText(NamedTuple):
    """
    What the docstring of a quirk says, or of a rule.

    :ivar name: of its file; of a rule the file and the function
    :ivar version: of RETURNN, in which it was seen
    :ivar code: the class, function or method of RETURNN, if one is named
    :ivar file: of RETURNN
    :ivar what: what RETURNN does
    :ivar instead: what is written instead
    :ivar test: of a rule, relative to ``tests/recipe/nn``
    """

    name: str
    version: str
    code: str | None
    file: str
    what: str
    instead: str
    test: str | None


def quirk_texts() -> list[QuirkText]:
    """
    All quirks, in the order in which they act.

    :raises ValueError: if a docstring is of another form
    """
    return [_text_of_quirk(quirk.name) for quirk in QUIRKS]


def rule_texts() -> list[QuirkText]:
    """
    All rules, and other functions and classes of the engine and of forms, whose docstrings begin a paragraph with
    ``RETURNN (version, ...)``.

    :raises ValueError: if that is of another form, or names no test
    """
    found = []
    for folder in FOLDERS_OF_RULES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if ROOT / FOLDER not in path.parents:
                name = str(path.relative_to(ROOT / "recipe/nn"))
                found += [_text_of_rule(name, owner, paragraph) for owner, paragraph in _paragraphs(path.read_text())]
    return found


def _text_of_quirk(name: str) -> QuirkText:
    module = importlib.import_module(f"{FOLDER.replace('/', '.')}.{name}")
    text = " ".join((module.__doc__ or "").split())
    match = _DOCSTRING.fullmatch(text)
    if match is None:
        raise ValueError(
            f"the docstring of {FOLDER}/{name}.py must say `RETURNN (version, ``class or function`` in file) does X. "
            f"So Y.`, but is: {text}"
        )
    return QuirkText(name, **match.groupdict())


def _text_of_rule(name: str, owner: str, paragraph: str) -> QuirkText:
    match = _DOCSTRING.fullmatch(paragraph)
    if match is None or match["test"] is None:
        raise ValueError(
            f"a docstring of {name} must say `RETURNN (version, ``class or function`` in file) does X. So Y. Test: "
            f"file::function`, but says: {paragraph}"
        )
    return QuirkText(f"{name}: {owner}", **match.groupdict())


def _paragraphs(source: str) -> Iterator[tuple[str, str]]:
    """The paragraphs on RETURNN in the docstrings of a file, by the function or class."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            for paragraph in re.split(r"\n\s*\n", ast.get_docstring(node) or ""):
                if paragraph.startswith("RETURNN ("):
                    yield node.name, " ".join(paragraph.split())


def tables() -> list[str]:
    """The tables of the page: quirks, and rules."""
    of_quirks = ["| quirk | RETURNN | what is written instead |", "|---|---|---|"]
    of_quirks += [f"| `{text.name}` | {_what(text)} | {_instead(text)} |" for text in quirk_texts()]
    of_rules = ["| rule | RETURNN | what is written instead | test |", "|---|---|---|---|"]
    of_rules += [f"| `{text.name}` | {_what(text)} | {_instead(text)} | `{text.test}` |" for text in rule_texts()]
    return ["\n".join(rows) + "\n" for rows in (of_quirks, of_rules)]


def _what(text: QuirkText) -> str:
    place = f"`{text.code}`, {text.file}" if text.code else text.file
    return f"{_sentence(text.what)} ({place}, {text.version})"


def _instead(text: QuirkText) -> str:
    return _sentence(text.instead.removeprefix("So "))


def _sentence(text: str) -> str:
    text = text.replace("``", "`")
    return text[0].upper() + text[1:]


def written_tables() -> list[str]:
    """The tables that stand on the page."""
    return re.findall(r"^\| (?:quirk|rule) \|.*\n(?:\|.*\n)+", text_of(PAGE), re.MULTILINE)


def counts() -> str:
    """How many there are, as other pages say it."""
    return f"{len(quirk_texts())} [quirks](quirks.md) and {len(rule_texts())} [rules](quirks.md#in-rules)"


def written_counts(page: str) -> list[str]:
    """What a page says of that."""
    return _COUNTS.findall(text_of(page))


if __name__ == "__main__":
    page_text = text_of(PAGE)
    for before, now in zip(written_tables(), tables()):
        page_text = page_text.replace(before, now)
    (ROOT / PAGE).write_text(page_text, encoding="utf-8")
    for name_of_page in PAGES_WITH_COUNTS:
        (ROOT / name_of_page).write_text(_COUNTS.sub(counts(), text_of(name_of_page)), encoding="utf-8")
