"""The file of a corpus."""

from __future__ import annotations

import gzip
import pathlib

import pytest

from recipe.data.corpus.corpus import Corpus, Segment, joined

from .examples import corpus


def test_written_corpus_is_read_back(tmp_path: pathlib.Path) -> None:
    pieces = (*corpus(tmp_path), Segment("talk/ä", "/talk.wav", "schön \u2028 gut", "ö", 0.5, 1.75))
    whole = Corpus(pieces)
    for name in ("one.jsonl.gz", "two.jsonl.gz"):
        whole.write(str(tmp_path / name))
    assert Corpus.read(str(tmp_path / "one.jsonl.gz")) == whole
    assert (tmp_path / "one.jsonl.gz").read_bytes() == (tmp_path / "two.jsonl.gz").read_bytes()
    assert len(whole) == 6


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"name": "a"', "2: no segment as JSON .*: "),
        ('["a"]', "2: no segment as JSON .it is no object"),
        ('{"name": "b", "audio": "a.wav", "text": "x"}', "2: no segment as JSON .*speaker"),
        ('{"name": "b", "audio": "a.wav", "text": null, "speaker": "s"}', "2: no segment as JSON .text is None"),
        ('{"name": "b", "audio": "a", "text": "", "speaker": "", "volume": 1}', "2: .*unknown key 'volume'"),
        ('{"name": "b", "audio": "a", "text": "", "speaker": "", "start": 2, "end": 1}', "2: .*from 2 to 1 seconds"),
        ('{"name": "a", "audio": "a", "text": "", "speaker": ""}', "gz: 'a': more than one segment has this name"),
    ],
)
def test_malformed_line(tmp_path: pathlib.Path, line: str, message: str) -> None:
    path = tmp_path / "corpus.jsonl.gz"
    first = '{"name": "a", "audio": "a.wav", "text": "x", "speaker": "s"}'
    path.write_bytes(gzip.compress(f"{first}\n{line}\n".encode()))
    with pytest.raises(ValueError, match=f"{path}:{message}" if message[0] == "2" else message):
        Corpus.read(str(path))


def test_damaged_file_and_empty_one(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "corpus.jsonl.gz"
    corpus(tmp_path).write(str(path))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ValueError, match=rf"{path}:\d+: the gzip file is damaged"):
        Corpus.read(str(path))
    path.write_bytes(gzip.compress(b""))
    with pytest.raises(ValueError, match=f"{path}: this corpus, or this part of it, has no segment"):
        Corpus.read(str(path))


def test_joined_corpora_have_different_names(tmp_path: pathlib.Path) -> None:
    one, other = corpus(tmp_path), Corpus((Segment("x", "x.wav", "x", "x"),))
    assert [segment.name for segment in joined([one, other])][-2:] == ["30-300-0000", "x"]
    with pytest.raises(ValueError, match="'1-10-0000', .* more than one segment"):
        joined([one, one])
