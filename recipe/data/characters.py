"""
Characters as labels.

A space is the label ``▁``, as SentencePiece has it: labels of hypotheses are printed with spaces between them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

SPACE = "▁"
"""U+2581, the label of a space."""


def character_labels(characters: Iterable[str]) -> tuple[str, ...]:
    """
    The labels of a text; of an alphabet, those that a vocabulary has.

    :param characters: a text, or a list of characters
    """
    return tuple(SPACE if character == " " else character for character in characters)


def alphabet_labels(alphabet: Iterable[str]) -> tuple[str, ...]:
    """
    The labels that a vocabulary of characters has.

    :param alphabet: all of them, in the order of their indices
    :raises ValueError: if one stands twice, or is more than a character
    """
    labels = character_labels(alphabet)
    twice = sorted({label for label in labels if labels.count(label) > 1})
    if twice:
        raise ValueError(f"an alphabet has each character once, not {' '.join(map(repr, twice))} twice")
    longer = [label for label in labels if len(label) != 1]
    if longer:
        raise ValueError(f"an alphabet has single characters, not {' '.join(map(repr, longer[:10]))}")
    return labels


def character_targets(alphabet: Iterable[str]) -> dict[str, Any]:
    """
    RETURNN's options of a vocabulary of characters, for ``targets`` of
    :func:`recipe.data.speech_dataset.ogg_zip_dataset`; other characters end the training.

    :param alphabet: all of them, in the order of their indices; a space among them stands for spaces
    :raises ValueError: if one stands twice, or is more than a character
    """
    labels = list(alphabet_labels(alphabet))
    return {"class": "CharacterTargets", "vocab_file": None, "labels": labels, "unknown_label": None}
