"""Recordings of a Festival voice: label files, phones, the split."""

from __future__ import annotations

import pathlib

import pytest

from recipe.data.festvox import RUSSIAN_PHONES, Phone, check_counts, part_of, read_labels, read_voice

NAMES = {
    "ru_0001": "train",
    "ru_0002": "train",
    "ru_0004": "test",
    "ru_0012": "dev",
    "ru_0018": "dev",
    "ru_0022": "test",
}
LABELS = "#\n0.34200 125 pau\n0.39200 125 k\n0.42200 125 ay\n0.9 125 pau\n"


def voice(directory: pathlib.Path, *names: str) -> pathlib.Path:
    home = directory / "usr" / "voice"
    (home / "wav").mkdir(parents=True)
    (home / "lab").mkdir()
    for name in names:
        (home / "wav" / f"{name}.wav").write_bytes(b"")
        (home / "lab" / f"{name}.lab").write_text(LABELS)
    return directory


def test_reads_phones_and_their_ends(tmp_path: pathlib.Path) -> None:
    first, second = read_voice(str(voice(tmp_path, "ru_0002", "ru_0001")))
    assert (first.name, second.name) == ("ru_0001", "ru_0002")
    assert first.phones[1] == Phone("k", 0.392)
    assert first.labels() == ("k", "ay")  # pauses are no phones


def test_split_is_by_the_name() -> None:
    """What the published figures on these recordings have in each part; counts are checked when the job runs."""
    assert [part_of(name) for name in NAMES] == list(NAMES.values())


def test_russian_phones() -> None:
    assert RUSSIAN_PHONES.size == 50


def test_wrong_input(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="no directories wav and lab in or below"):
        read_voice(str(tmp_path))
    bad = tmp_path / "bad.lab"
    bad.write_text("#\n0.3 125 pau\nhello\n")
    with pytest.raises(ValueError, match=r"bad\.lab:3: no line END NUMBER PHONE: 'hello'"):
        read_labels(str(bad))
    utterances = read_voice(str(voice(tmp_path, "ru_0001")))
    with pytest.raises(ValueError, match="train has 1 utterances and 2 phones, expected 486 and 39523"):
        check_counts({"train": utterances})
