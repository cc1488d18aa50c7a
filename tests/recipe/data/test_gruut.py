"""The German lexicon: normalisation, letters and phones, and the counts that results are compared on."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import gruut_lang_de
import pytest

from recipe.data.cmudict import END_LABEL, split
from recipe.data.gruut import LETTERS, PHONES, check_counts, parse, read_database


def test_the_whole_lexicon() -> None:
    lexicon = parse(read_database(str(gruut_lang_de.get_lang_dir() / "lexicon.db")))
    check_counts(lexicon)
    assert {letter for word in lexicon for letter in word} == set(LETTERS.labels)
    phones = {phone for pronunciations in lexicon.values() for phones in pronunciations for phone in phones}
    assert {END_LABEL, *phones} == set(PHONES.labels) and PHONES.index(END_LABEL) == 0
    assert {part: len(words) for part, words in split(lexicon).items()} == {
        "train": 250_200,
        "dev": 13_849,
        "test": 13_863,
    }
    assert lexicon["aal"] == [("aː", "l")]


def test_normalisation() -> None:
    entries = [("weg", "v eː k"), ("weg", "v ɛ k"), ("weg", "v eː k"), ("e-mail", "iː m eː l"), ("Über", "yː b ɐ")]
    assert parse(entries) == {"weg": [("v", "eː", "k"), ("v", "ɛ", "k")]}


def test_order_of_the_database(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "lexicon.db") as database:
        database.execute("CREATE TABLE word_phonemes (id INTEGER, word TEXT, pron_order INTEGER, phonemes TEXT)")
        rows = [(1, "b", 1, "second"), (2, "a", 0, "only"), (3, "b", 0, "first")]
        database.executemany("INSERT INTO word_phonemes VALUES (?, ?, ?, ?)", rows)
    database.close()
    assert read_database(str(tmp_path / "lexicon.db")) == [("a", "only"), ("b", "first"), ("b", "second")]


def test_other_edition_is_told() -> None:
    with pytest.raises(ValueError, match="another edition: 1 words, 1 pronunciations.*Install gruut-lang-de==2.0.1"):
        check_counts({"a": [("a",)]})
