"""
The pages of the API reference: what each entry says, and the lists of names at their head.

``python -m tests.docs.reference`` writes the lists anew.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .pages import PAGES, ROOT, text_of

INDEX = "docs/reference/index.md"
REFERENCE = [page for page in PAGES if page.startswith("docs/reference/") and page != INDEX]

_HEADING = re.compile(r"^(?=::: |## )", re.MULTILINE)
_CODE = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_ENGINES = re.compile(r"^RETURNN: (?P<layers>.+?)\. Frontend: (?P<frontend>.+)\.$", re.MULTILINE)


class Entry(NamedTuple):
    """
    A name of the reference.

    :ivar name: with its module, ``recipe.nn.dot``
    :ivar members: methods and attributes that are listed
    :ivar code: its example
    :ivar layers: classes of RETURNN's layers that it becomes; None where nothing is said of them
    :ivar frontend: names of RETURNN's frontend with what is said of them; None where nothing is said
    """

    name: str
    page: str
    members: tuple[str, ...]
    code: str
    layers: tuple[str, ...] | None
    frontend: tuple[str, ...] | None


class Part(NamedTuple):
    """A part of a page that is run: an entry's, or what stands before or between entries (``entry`` is None)."""

    code: str
    entry: Entry | None


def parts_of(page: str) -> Iterator[Part]:
    """All parts of a page, in order."""
    for text in _HEADING.split(text_of(page)):
        code = "\n".join(match[1] for match in _CODE.finditer(text))
        yield Part(code, _entry(text, page, code) if text.startswith("::: ") else None)


def entries() -> list[Entry]:
    """All entries of all pages."""
    return [part.entry for page in REFERENCE for part in parts_of(page) if part.entry is not None]


def _entry(text: str, page: str, code: str) -> Entry:
    members = re.search(r"^      members: \[(.*)\]$", text, re.MULTILINE)
    engines = _ENGINES.search(text)
    return Entry(
        text.split()[1],
        page,
        tuple(name.strip("'") for name in members[1].split(", ")) if members else (),
        code,
        tuple(re.findall(r"`([\w.]+)`", engines["layers"])) if engines else None,
        tuple(re.findall(r"`((?:rf|returnn)\.[\w.]+)`", engines["frontend"])) if engines else None,
    )


def index_lines() -> list[str]:
    """For each page its title and links to all of its names."""
    lines = []
    for page in sorted(REFERENCE, key=_place_in_menu):
        file = page.removeprefix("docs/reference/")
        title = text_of(page).partition("\n")[0].removeprefix("# ")
        names = [part.entry.name for part in parts_of(page) if part.entry is not None]
        links = ", ".join(f"[{_short(name)}]({file}#{name})" for name in names)
        lines.append(f"- **[{title}]({file})**: {links}")
    return lines


def _short(name: str) -> str:
    """What a name is called in the list: those of the data with their module, as several have one name."""
    return ".".join(name.split(".")[-2 if name.startswith("recipe.data.") else -1 :])


def _place_in_menu(page: str) -> int:
    return text_of("mkdocs.yml").index(page.removeprefix("docs/"))


def written_index() -> str:
    """The page of all names as it is to be."""
    head, _, _ = text_of(INDEX).partition("- **[")
    return head + "\n".join(index_lines()) + "\n"


if __name__ == "__main__":
    (ROOT / INDEX).write_text(written_index(), encoding="utf-8")
