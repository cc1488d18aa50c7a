"""Every Python block of the documentation runs, and prints what stands under it; other blocks have their own tests."""

from __future__ import annotations

import contextlib
import io
import linecache
import pathlib
import re
import sys
import warnings
from typing import Any

import pytest

import configs
from recipe import nn

from .outputs import OUTPUTS
from .pages import PAGES, ROOT, Block, blocks, prose, text_of

OF_THEIR_OWN_TEST = {"docs/messages.md"}  # wrong programs and their messages
RUN = [page for page in PAGES if page not in OF_THEIR_OWN_TEST]


@pytest.mark.parametrize("page", RUN)
def test_page(page: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of a page run one after the other, as one program; those that are a file are not part of it."""
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    printed: str | None = None
    for block in blocks(page):
        if block.title and block.title.startswith("configs/"):
            _write_config(block, tmp_path, monkeypatch)
            printed = None
        elif block.kind == "python" and block.title is None:
            printed = _run(block, namespace)
        elif block.kind == "text" and printed is not None:
            assert printed.strip() == block.code.strip(), f"{block.place} says\n{block.code}\nbut prints\n{printed}"
            printed = None
        elif block.kind == "text":
            first = block.code.split()[0]
            assert first in OUTPUTS, f"{block.place}: nothing is known that prints this; it begins with {first!r}"
            OUTPUTS[first](block)
        else:
            printed = None


def _write_config(block: Block, directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Puts a config where it can be imported as one of this setup's."""
    assert block.title is not None
    path = directory / block.title
    path.parent.mkdir(exist_ok=True)
    path.write_text(block.code, encoding="utf-8")
    monkeypatch.setattr(configs, "__path__", [*configs.__path__, str(path.parent)])
    monkeypatch.delitem(sys.modules, f"configs.{path.stem}", raising=False)


def _run(block: Block, namespace: dict[str, Any]) -> str:
    linecache.cache[block.place] = (len(block.code), None, block.code.splitlines(keepends=True), block.place)
    output = io.StringIO()
    with contextlib.redirect_stdout(output), warnings.catch_warnings():
        if block.page in WARNING_PAGES:
            warnings.simplefilter("ignore", nn.NetworkWarning)
        else:
            warnings.simplefilter("error", nn.NetworkWarning)
        exec(compile(block.code, block.place, "exec"), namespace)
    return output.getvalue()


WARNING_PAGES = {"docs/stages_and_checkpoints.md"}
"""Pages that tell of a warning of their programs."""


@pytest.mark.parametrize("page", PAGES)
def test_each_block_says_what_it_is(page: str) -> None:
    """So that none is left out of the tests: no code that is only indented, and only kinds that are tested."""
    kinds = {block.kind for block in blocks(page)}
    assert kinds <= {"python", "sh", "text", "ini", "mermaid"}, kinds
    titles = {block.title for block in blocks(page)} - {None}
    assert all(title in ("settings.py", "NumPy") or title.startswith("configs/") for title in titles), titles
    assert text_of(page).count("\n```") == 2 * len(list(blocks(page)))
    lines = prose(page).splitlines()
    indented = [
        f"{page}:{number}: {line}"
        for number, line in enumerate(lines, 1)
        if line.startswith("    ") and lines[number - 2] == "" and not _in_a_list(lines, number - 1)
    ]
    assert not indented


def _in_a_list(lines: list[str], index: int) -> bool:
    above = [line for line in lines[:index] if line and not line.startswith(" ")]
    return bool(above) and bool(re.match(r"[-*] |\d+\. ", above[-1]))


@pytest.mark.parametrize("page", PAGES)
def test_links(page: str) -> None:
    """Those to files lead somewhere; those to elsewhere can at least be ones."""
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if target.startswith("http"):
            assert re.fullmatch(r"https://[\w.-]+\.[a-z]+(/[\w./~%#?=&+-]*)?", target), f"{page}: {target}"
        elif not target.startswith("#"):
            file = (ROOT / page).parent / target.partition("#")[0]
            assert file.exists(), f"{page} links to {target}, which is not there"
