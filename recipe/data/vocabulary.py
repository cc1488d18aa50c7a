"""Vocabulary: labels and their indices."""

from __future__ import annotations

import collections
import dataclasses
from collections.abc import Iterable, Sequence

from .text import decode, open_bytes


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """
    Labels in a fixed order.

    :param labels: all of them, each once
    :raises ValueError: if a label stands twice
    """

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        twice = sorted(label for label, count in collections.Counter(self.labels).items() if count > 1)
        if twice:
            raise ValueError(f"labels stand twice in a vocabulary: {', '.join(twice)}")

    @property
    def size(self) -> int:
        """How many labels there are."""
        return len(self.labels)

    def index(self, label: str) -> int:
        """
        The index of a label.

        :raises ValueError: if it is none of the labels
        """
        if label not in self.labels:
            raise ValueError(f"{label!r} is no label of the vocabulary ({self.size} labels: {' '.join(self.labels)})")
        return self.labels.index(label)

    def encode(self, labels: Iterable[str]) -> list[int]:
        """The indices of labels."""
        return [self.index(label) for label in labels]

    def decode(self, indices: Sequence[int]) -> list[str]:
        """The labels of indices."""
        return [self.labels[index] for index in indices]


def read_vocabulary(path: str) -> Vocabulary:
    """
    A file with a label a line, in the order of their indices.

    :raises ValueError: for a label that stands twice, an empty line, one that is not UTF-8, or a file without any; the
        message names file and line
    """
    lines: dict[str, int] = {}
    with open_bytes(path) as file:
        for number, line in enumerate(file, 1):
            label = decode(line, path, number).rstrip("\r\n")
            if not label:
                raise ValueError(f"{path}:{number}: an empty line is no label")
            if label in lines:
                raise ValueError(
                    f"{path}:{number}: the label {label!r} stands there twice, first in line {lines[label]}"
                )
            lines[label] = number
    if not lines:
        raise ValueError(f"{path} has no labels")
    return Vocabulary(tuple(lines))
