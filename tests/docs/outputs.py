"""Outputs in the documentation that take too long to be printed in a test: what they must look like."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable
from types import SimpleNamespace

from configs import g2p
from jobs.summary import print_summary
from localsis import outputs

from .pages import ROOT, Block


def summary_of_the_demo(block: Block) -> None:
    """What ``make g2p`` ends with, but for the figures."""
    g2p.py()
    name, _, next_step = outputs.callbacks[-1][1]
    score = SimpleNamespace(out_wer=SimpleNamespace(get=lambda: 12.34), out_per=SimpleNamespace(get=lambda: 5.67))
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        print_summary(name, {"dev": score, "test": score}, next_step, has_page=True)
    assert _without_figures(block.code) == _without_figures(printed.getvalue()), printed.getvalue()


def _without_figures(text: str) -> list[str]:
    return [re.sub(r"\s*\d+\.\d\d", " N", line) for line in text.strip().splitlines()]


def tree_of_the_repository(block: Block) -> None:
    """A list of files and directories with what they are; each is there."""
    parent = ""
    for line in block.code.splitlines():
        indent, name = len(line) - len(line.lstrip()), line.split()[0]
        if indent > 2:
            continue  # a description that goes on
        assert (ROOT / (parent if indent else "") / name).exists(), f"{block.place}: {name} is not there"
        parent = parent if indent else name


OUTPUTS: dict[str, Callable[[Block], None]] = {"g2p/demo": summary_of_the_demo, "configs/": tree_of_the_repository}
"""By the first word of the block."""
