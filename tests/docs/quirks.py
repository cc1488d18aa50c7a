"""
The table of RETURNN's quirks in docs/quirks.md, made of the docstrings of their files.

``python -m tests.docs.quirks`` writes it anew.
"""

from __future__ import annotations

import importlib
import re
from typing import NamedTuple

from recipe.nn.tf_layers.quirks import QUIRKS

from .pages import ROOT, text_of

PAGE = "docs/quirks.md"
FOLDER = "recipe/nn/tf_layers/quirks"

_DOCSTRING = re.compile(
    r"RETURNN \((?P<version>[\d.]+), (?:``(?P<code>[\w.]+)`` in )?(?P<file>[\w/]+\.py)\) (?P<what>.+\.) "
    r"(?P<instead>So .+\.)"
)


class QuirkText(NamedTuple):
    """
    What the docstring of a quirk says.

    :ivar name: of its file
    :ivar version: of RETURNN, in which it was seen
    :ivar code: the class, function or method of RETURNN, if one is named
    :ivar file: of RETURNN
    :ivar what: what RETURNN does
    :ivar instead: what is written instead
    """

    name: str
    version: str
    code: str | None
    file: str
    what: str
    instead: str


def quirk_texts() -> list[QuirkText]:
    """
    All of them, in the order in which they act.

    :raises ValueError: if a docstring is of another form
    """
    return [_text_of(quirk.name) for quirk in QUIRKS]


def _text_of(name: str) -> QuirkText:
    module = importlib.import_module(f"{FOLDER.replace('/', '.')}.{name}")
    text = " ".join((module.__doc__ or "").split())
    match = _DOCSTRING.fullmatch(text)
    if match is None:
        raise ValueError(
            f"the docstring of {FOLDER}/{name}.py must say `RETURNN (version, ``class or function`` in file) does X. "
            f"So Y.`, but is: {text}"
        )
    return QuirkText(name, match["version"], match["code"], match["file"], match["what"], match["instead"])


def table() -> str:
    """The table of the page."""
    rows = ["| quirk | RETURNN | what is written instead |", "|---|---|---|"]
    for text in quirk_texts():
        place = f"`{text.code}`, {text.file}" if text.code else text.file
        what = f"{_sentence(text.what)} ({place}, {text.version})"
        rows.append(f"| `{text.name}` | {what} | {_sentence(text.instead.removeprefix('So '))} |")
    return "\n".join(rows) + "\n"


def _sentence(text: str) -> str:
    text = text.replace("``", "`")
    return text[0].upper() + text[1:]


def written_table() -> str:
    """The table that stands on the page."""
    found = re.search(r"^\| quirk \|.*\n(?:\|.*\n)+", text_of(PAGE), re.MULTILINE)
    assert found is not None, f"{PAGE} has no table"
    return found[0]


if __name__ == "__main__":
    (ROOT / PAGE).write_text(text_of(PAGE).replace(written_table(), table()), encoding="utf-8")
