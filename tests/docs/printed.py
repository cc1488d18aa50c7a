"""
What the Python blocks of a page print.

``python -m tests.docs.printed PAGE ...`` writes it anew under the blocks of these pages, where text stands under them;
what changed is to be looked at before it is committed.
"""

from __future__ import annotations

import contextlib
import io
import linecache
import os
import pathlib
import sys
import tempfile
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

import configs
import localsis
from recipe import nn

from .pages import ROOT, Block, blocks, text_of

WARNING_PAGES = {"docs/stages_and_checkpoints.md"}
"""Pages that tell of a warning of their programs."""


def printed_texts(
    page: str, directory: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Block, str | None]]:
    """
    The blocks of text of a page with what the block above prints; None where none is printed there.

    The blocks run one after the other, as one program; those that are a file, or a part of one that is there, are no
    part of it.

    :param directory: where they run, and configs are written
    """
    monkeypatch.chdir(directory)
    namespace: dict[str, Any] = {"__name__": "__docs__"}
    printed: str | None = None
    for block in blocks(page):
        if block.kind == "text":
            yield block, printed
        elif block.title and block.title.startswith("configs/") and not (ROOT / block.title).exists():
            _write_config(block, directory, monkeypatch)
        printed = _run(block, namespace) if block.kind == "python" and block.title is None else None


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
        warnings.simplefilter("ignore" if block.page in WARNING_PAGES else "error", nn.NetworkWarning)
        exec(compile(block.code, block.place, "exec"), namespace)
    return output.getvalue()


def renew(page: str) -> None:
    """Writes what the blocks of a page print under them."""
    lines = text_of(page).splitlines()
    with tempfile.TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as monkeypatch:
        texts = list(printed_texts(page, pathlib.Path(directory), monkeypatch))
        monkeypatch.chdir(ROOT)
    for block, printed in reversed(texts):
        if printed is not None:
            lines[block.line - 1 : block.line - 1 + block.code.count("\n")] = printed.strip("\n").splitlines()
    (ROOT / page).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    localsis.install()
    for path in sys.argv[1:]:
        renew(os.path.relpath(path, ROOT))
