"""Vocabulary: labels and their indices."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence


@dataclasses.dataclass(frozen=True)
class Vocabulary:
    """
    Labels in a fixed order.

    :param labels: all of them, each once
    :raises ValueError: if a label stands twice
    """

    labels: tuple[str, ...]

    def __post_init__(self) -> None:
        twice = sorted({label for label in self.labels if self.labels.count(label) > 1})
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
