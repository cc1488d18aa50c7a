"""The job that makes pairs of texts of a dictionary."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator

from sisyphus import Job, Task, tk

from recipe.data.dictionary import Translation, part_of, read_dictionary

from ..atomic_file import replacing

PARTS = ("train", "dev", "test")


class DictionaryPairsJob(Job):
    """
    German and English of the dictionary in Debian's package ``trans-de-en``, as pairs of texts in three parts.

    What is in the development or test part, on either side, is in no other part.

    - ``out_german``, ``out_english``: the texts by part: "train", "dev", "test"

    :param package: the unpacked package, as of :class:`jobs.debian_package.DebianPackageJob`
    :param min_words: only pairs with so many words on both sides: phrases and sentences
    :param train_min_words: the same for the training part; 1 takes single words, too
    """

    def __init__(self, package: tk.Path, *, min_words: int = 3, train_min_words: int = 3):
        self.package = package
        self.min_words = min_words
        self.train_min_words = train_min_words

        self.out_german = {part: self.output_path(f"{part}.de.txt") for part in PARTS}
        self.out_english = {part: self.output_path(f"{part}.en.txt") for part in PARTS}

    def tasks(self) -> Iterator[Task]:
        """One short task."""
        yield Task("run", resume="run", mini_task=True)

    def run(self) -> None:
        """
        Writes the texts.

        :raises FileNotFoundError: if the package has no dictionary
        :raises ValueError: at a line that is no entry
        """
        path = os.path.join(self.package.get_path(), "usr", "share", "trans", "de-en")
        parts = split(read_dictionary(path), self.min_words, self.train_min_words)
        for part, pairs in parts.items():
            with contextlib.ExitStack() as stack:
                files = [
                    stack.enter_context(open(stack.enter_context(replacing(side[part])), "w", encoding="utf-8"))
                    for side in (self.out_german, self.out_english)
                ]
                for pair in pairs:
                    files[0].write(pair.german + "\n")
                    files[1].write(pair.english + "\n")


def split(pairs: Iterator[Translation], min_words: int, train_min_words: int) -> dict[str, list[Translation]]:
    """
    Pairs by part, each once, in their order.

    :param min_words: of both sides, in the development and test parts
    :param train_min_words: the same in the training part
    """
    found: dict[str, dict[tuple[str, str], Translation]] = {part: {} for part in PARTS}
    for pair in pairs:
        part = part_of(pair)
        least = train_min_words if part == "train" else min_words
        if min(len(pair.german.split()), len(pair.english.split())) >= least:
            found[part].setdefault((pair.german, pair.english), pair)
    used: set[str] = set()
    parts = {}
    for part in reversed(PARTS):
        kept = [pair for pair in found[part].values() if not {_key(pair.german), _key(pair.english)} & used]
        used.update(_key(text) for pair in kept for text in (pair.german, pair.english))
        parts[part] = kept
    return parts


def _key(text: str) -> str:
    """A text without what makes no other sentence of it."""
    return " ".join("".join(char if char.isalnum() else " " for char in text.lower()).split())
