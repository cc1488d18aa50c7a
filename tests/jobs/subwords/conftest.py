"""Text that subwords are learned from."""

from __future__ import annotations

import gzip
import pathlib
import random

import pytest
from sisyphus import tk

SENTENCES = 300


def sentences(seed: int = 1, count: int = SENTENCES) -> list[str]:
    """Sentences of made-up words, some with letters beyond ASCII."""
    draw = random.Random(seed)
    words = [
        "".join(draw.choice(["ba", "ke", "li", "ß", "no", "ü", "re", "s"]) for _ in range(n % 4 + 1)) for n in range(90)
    ]
    return [" ".join(draw.choice(words) for _ in range(draw.randint(1, 9))) for _ in range(count)]


@pytest.fixture
def texts(tmp_path: pathlib.Path) -> list[tk.Path]:
    """The sentences in two files, one of them packed, with an empty line."""
    lines = sentences()
    (tmp_path / "first.txt").write_text("\n".join(lines[:100]) + "\n\n", encoding="utf-8")
    with gzip.open(tmp_path / "second.txt.gz", "wt", encoding="utf-8") as file:
        file.write("\n".join(lines[100:]) + "\n")
    return [tk.Path(str(tmp_path / name)) for name in ("first.txt", "second.txt.gz")]
