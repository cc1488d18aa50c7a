"""Commands of the documentation that take less than a minute, and why each of the others is not run here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .commands import is_command
from .pages import PAGES, blocks, inline_code

NAMES = {
    "EXPERIMENT INPUT ...": "spelling word.npy",
    "g2p/demo sisyphus": "spelling word.npy",
    "g2p/demo/training": "spelling/training",
    "g2p/demo g2p/demo_torch": "spelling",
    "configs/g2p.py": "configs/spelling.py",
    "JOB_A": "spelling/training",
    "JOB_B": "search",
    "JOB": "spelling/training",
    "CONFIG": "configs/spelling.py",
    "returnn.config": "benchmarks/handwritten/attention.config",
    "FILE": "alias/spelling/training/output/returnn.config",
    "recipe/models/mine.py": "mine.py",
    "--count 1000": "--count 5",
}
"""What stands in the documentation, and in its place in a setup of the tutorial's config; a file names its search."""

LONG = {
    r"make (g2p|speech|translation(-full)?|librispeech-mini)\b.*": "takes minutes",
    r"make (test|quick|check|venv|venv-dev)\b.*": "takes minutes, or installs packages",
    r"make PYTHON=.*": "installs packages",
    r"LIBRISPEECH=.*": "wants the corpus; tests/configs/test_librispeech.py has an empty one",
    r"make docs": "serves pages until it is stopped",
    r"\./sis manager( '?configs/.*)?": "trains; test_tutorial runs the tutorial's, tests/configs make all graphs",
    r"(\.venv/bin/)?pip install.*": "installs packages",
    r"pip|apt install .*|git clone .*|cd .*|scontrol .*": "changes the machine",
    r"\.venv/bin/python tutorial\.py": "is run by test_tutorial",
    r"\.venv/bin/python -m pytest .*": "is a part of these tests",
    r"PYTHON -m tests\.cluster\..*": "needs Slurm",
    r"eval .*": "changes the shell that runs it; tests/localsis/test_completion.py asks one",
    r"python -m returnn": "is a name in a sentence",
    r"python -W error": "is a name in a sentence",
    r"\./sis check configs/librispeech\.mini": "takes minutes",
    r"\./sis retry .+": "wants a job that failed; tests/jobs/cleaning have some",
    r"\./sis (show|why|compare|check|try|data|completion)|\./sis compare A B": "is a name in a sentence",
    r"python -m (recipe|returnn_recurrent|recipe\.nn)\.from_net_dict": "is a name in a sentence",
    r"python -m tests\.recipe\.from_net_dict\.experiments_table .*": "wants a directory of configs",
    r"python -m tests\.docs\.\w+.*": "writes pages; tests compare what it would write",
}
"""Patterns of commands that are not run, and why."""


def documented_commands() -> Iterator[tuple[str, str]]:
    """Each command of each page, in blocks and in the text, with its place."""
    for page in PAGES:
        for block in blocks(page):
            if block.kind == "sh":
                for number, line in enumerate(block.code.splitlines()):
                    if line.split(" #")[0].strip():
                        yield line.split(" #")[0].strip(), f"{page}:{block.line + number}"
        for text, number in inline_code(page):
            if is_command(text):
                yield text, f"{page}:{number}"


def short_commands() -> list[str]:
    """Those that are run, with the names of a setup in which the tutorial's config has run."""
    found = {command for command, _ in documented_commands() if why_long(command) is None}
    return sorted({in_the_setup(command) for command in found})


def why_long(command: str) -> str | None:
    """Why a command is not run."""
    return next((why for pattern, why in LONG.items() if re.fullmatch(pattern, command)), None)


def in_the_setup(command: str) -> str:
    """The command with names of that setup."""
    for name, here in NAMES.items():
        command = re.sub(rf"(?<![\w/.]){re.escape(name)}(?![\w/])", here, command)
    return command
