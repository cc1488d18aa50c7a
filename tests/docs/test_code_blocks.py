"""Every Python block of the documentation runs, and prints what stands under it."""

from __future__ import annotations

import contextlib
import io
import linecache
import pathlib
import re
from typing import Any

import pytest

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
OF_THEIR_OWN_TEST = {"messages.md"}  # wrong programs and their messages
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def pages() -> list[str]:
    return sorted(path.name for path in DOCS.glob("*.md") if path.name not in OF_THEIR_OWN_TEST)


@pytest.mark.parametrize("page", pages())
def test_page(page: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, as one program."""
    monkeypatch.chdir(tmp_path)
    text = (DOCS / page).read_text(encoding="utf-8")
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    printed: str | None = None
    for match in BLOCK.finditer(text):
        kind, code = match.groups()
        if kind == "python":
            printed = _run(code, f"{page}:{text.count(chr(10), 0, match.start()) + 2}", namespace)
        elif kind == "text" and printed is not None:
            assert printed.strip() == code.strip(), f"{page} says\n{code}\nbut it prints\n{printed}"
            printed = None
        else:
            printed = None


def _run(code: str, name: str, namespace: dict[str, Any]) -> str:
    linecache.cache[name] = (len(code), None, code.splitlines(keepends=True), name)
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(compile(code, name, "exec"), namespace)
    return output.getvalue()


@pytest.mark.parametrize("page", sorted(path.name for path in DOCS.glob("*.md")))
def test_links_lead_somewhere(page: str) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", (DOCS / page).read_text(encoding="utf-8")):
        assert (DOCS / target).exists(), f"{page} links to {target}, which is not there"
