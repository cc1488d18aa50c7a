"""Every command that the documentation shows would work: in blocks of shell code, and in the text."""

from __future__ import annotations

import pytest

from .commands import WrongCommand, check_line, is_command
from .pages import PAGES, blocks, inline_code


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_blocks(page: str) -> None:
    for block in blocks(page):
        if block.kind == "sh":
            for number, line in enumerate(block.code.splitlines()):
                try:
                    check_line(line)
                except WrongCommand as error:
                    pytest.fail(f"{page}:{block.line + number}: {error}")


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_text(page: str) -> None:
    for text, line in inline_code(page):
        if is_command(text):
            try:
                check_line(text)
            except WrongCommand as error:
                pytest.fail(f"{page}:{line}: {error}")


@pytest.mark.parametrize(
    "line",
    [
        "make gp2",
        "./sis manger configs/g2p.py",
        "./sis manager configs/g2q.py",
        "./sis manager configs/g2p.ful",
        "./sis why ONE",
        "./sis show --from JOB",
        'pip install ".[cpu]"',
        "python -m retrnn FILE",
        "python -m pytest tests/recipe/nn/ops/test_cumulativ.py",
        "python -m pytest tests/recipe/nn/ops/test_cumulative.py::test_against_nmpy",
        "benchmarks/g2p_pears.py",
        "python benchmarks/engines.py --no-such-option",
        "sis manager configs/g2p.py",
    ],
)
def test_what_would_not_work_is_found(line: str) -> None:
    with pytest.raises(WrongCommand):
        check_line(line)
