"""
The German lexicon of gruut (package ``gruut-lang-de``): its letters and phones, and how it is read.

The split is that of CMUdict: the part by the MD5 of the word.
"""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Iterable

from .cmudict import END_LABEL, Lexicon
from .vocabulary import Vocabulary

LETTERS = Vocabulary((*"abcdefghijklmnopqrstuvwxyz", "ä", "ö", "ü"))

PHONES = Vocabulary(
    (
        END_LABEL,
        *"a aɪ̯ aʊ̯ aː b d d͡ʒ eː f g h iː j k l m n oː p p͡f s t t͡s t͡ʃ uː v x yː z".split(),
        *"ãː ç õː øː ŋ œ ɐ ɔ ɔʏ̯ ə ɛ ɛː ɛ̃ː ɪ ʁ ʃ ʊ ʏ ʒ ʔ χ".split(),
    )
)

WORDS = 277_912
PRONUNCIATIONS = 278_048


def read_database(path: str) -> list[tuple[str, str]]:
    """
    The entries of gruut's SQLite file ``lexicon.db``: word and phones, in the order of words and of their
    pronunciations.
    """
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        rows = database.execute("SELECT word, phonemes FROM word_phonemes ORDER BY word, pron_order, id")
        return rows.fetchall()


def parse(entries: Iterable[tuple[str, str]]) -> Lexicon:
    """
    Normalises entries: words with other characters than letters are left out, and pronunciations that stand twice.

    :param entries: word, and phones with spaces between them
    """
    lexicon: Lexicon = {}
    for word, phones in entries:
        if not re.fullmatch(r"[a-zäöü]+", word):
            continue
        pronunciation = tuple(phones.split())
        known = lexicon.setdefault(word, [])
        if pronunciation not in known:
            known.append(pronunciation)
    return lexicon


def check_counts(lexicon: Lexicon) -> None:
    """
    Checks that this is the lexicon that results are compared on.

    :raises ValueError: if it has another number of words or pronunciations
    """
    counts = len(lexicon), sum(map(len, lexicon.values()))
    if counts != (WORDS, PRONUNCIATIONS):
        raise ValueError(
            f"the installed gruut-lang-de is another edition: {counts[0]} words, {counts[1]} pronunciations, expected "
            f"{WORDS} and {PRONUNCIATIONS}. Install gruut-lang-de==2.0.1"
        )
