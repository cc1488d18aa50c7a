"""Every Python block of the documentation runs, and prints what stands under it; other blocks have their own tests."""

from __future__ import annotations

import pathlib
import re

import pytest

from .outputs import OUTPUTS
from .pages import PAGES, ROOT, blocks, prose, text_of
from .printed import printed_texts

OF_THEIR_OWN_TEST = {"docs/messages.md"}  # wrong programs and their messages
RUN = [page for page in PAGES if page not in OF_THEIR_OWN_TEST]


@pytest.mark.parametrize("page", RUN)
def test_page(page: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands under a block is what it prints; other texts have tests by their first word."""
    for block, printed in printed_texts(page, tmp_path, monkeypatch):
        if printed is not None:
            assert printed.strip() == block.code.strip(), (
                f"{block.place} says\n{block.code}\nbut prints\n{printed}\nIf that is right: "
                f"python -m tests.docs.printed {page}"
            )
            continue
        first = block.code.split()[0]
        assert first in OUTPUTS, f"{block.place}: nothing is known that prints this; it begins with {first!r}"
        OUTPUTS[first](block)


@pytest.mark.parametrize("page", PAGES)
def test_each_block_says_what_it_is(page: str) -> None:
    """So that none is left out of the tests: no code that is only indented, and only kinds that are tested."""
    kinds = {block.kind for block in blocks(page)}
    assert kinds <= {"python", "sh", "text", "diff", "ini", "mermaid"}, kinds
    titles = {block.title for block in blocks(page) if block.kind != "diff"} - {None}
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
