"""Readers: the same segments from each format that corpora come in."""

from __future__ import annotations

import gzip
import json
import os
import pathlib
from collections.abc import Callable

import pytest

from recipe.data.corpus.bliss import read_bliss
from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.kaldi import read_kaldi
from recipe.data.corpus.lhotse_manifests import read_lhotse
from recipe.data.corpus.librispeech import read_librispeech
from recipe.data.corpus.ljspeech import read_ljspeech
from recipe.data.corpus.table import read_table

from .examples import SECONDS, SPEAKERS, TEXTS, librispeech, write_sound

SPEAKER_LINES = """\
;ID  |SEX| SUBSET           |MINUTES| NAME
1    | F | train-clean-100  | 25.19 | Kara Shallenberg
2    | M | train-clean-100  | 8.02  | A | B
30   | M | train-clean-100  | 20.14 | Other
"""


def kaldi(root: pathlib.Path) -> pathlib.Path:
    """A data directory."""
    names = sorted(TEXTS)
    files = {name: write_sound(root / "audio" / f"{name}.flac", name, SECONDS[name]) for name in names}
    (root / "wav.scp").write_text("".join(f"{name} {files[name]}\n" for name in names))
    (root / "text").write_text("".join(f"{name} {TEXTS[name]}\n" for name in names))
    (root / "utt2spk").write_text("".join(f"{name} {SPEAKERS[name]}\n" for name in names))
    return root


def bliss(root: pathlib.Path) -> pathlib.Path:
    """A corpus of nested corpora, one of them included, with speakers at all levels."""
    for name in TEXTS:
        write_sound(root / "audio" / f"{name}.wav", name, SECONDS[name])
    (root / "inner.xml").write_text(
        """<corpus name="inner"><recording name="r" audio="audio/30-300-0000.wav"><speaker name="30"/>
        <segment name="s" start="0" end="0.0000"><orth> SOME
        MORE </orth></segment></recording></corpus>"""
    )
    text = """<?xml version="1.0" encoding="utf-8"?>
        <corpus name="all">
          <speaker-description name="1"><gender>female</gender></speaker-description>
          <include file="inner.xml"/>
          <subcorpus name="first"><speaker name="1"/>
            <recording name="a" audio="audio/1-10-0000.wav"><segment end="inf"><orth>ONE</orth></segment></recording>
            <recording name="b" audio="audio/1-10-0001.wav">
              <segment start="0.05" end="0.1"><orth>ONE</orth></segment>
              <segment start="0.1" end="0.3"><speaker name="2"/><orth>TWO &amp; MORE</orth></segment>
            </recording>
          </subcorpus>
        </corpus>"""
    (root / "corpus.xml.gz").write_bytes(gzip.compress(text.encode()))
    return root / "corpus.xml.gz"


def ljspeech(root: pathlib.Path) -> pathlib.Path:
    """``metadata.csv`` and ``wavs``."""
    for name in TEXTS:
        write_sound(root / "wavs" / f"{name}.wav", name, SECONDS[name])
    (root / "metadata.csv").write_text("".join(f"{name}|{len(text)}|{text}\n" for name, text in TEXTS.items()))
    return root


def table(root: pathlib.Path) -> pathlib.Path:
    """A table as Common Voice has it."""
    for name in TEXTS:
        write_sound(root / "clips" / f"{name}.ogg", name, SECONDS[name])
    rows = [f"{SPEAKERS[name]}\tclips/{name}.ogg\t{text}\tx\n" for name, text in TEXTS.items()]
    (root / "train.tsv").write_text("client_id\tpath\tsentence\tvotes\n" + "".join(rows))
    return root / "train.tsv"


def lhotse(root: pathlib.Path) -> tuple[pathlib.Path, pathlib.Path]:
    """Two manifests."""
    recordings, supervisions = [], []
    for name, text in TEXTS.items():
        path = write_sound(root / f"{name}.flac", name, SECONDS[name])
        seconds = SECONDS[name]
        source = {"type": "file", "channels": [0], "source": path}
        rate, count = 8000, int(seconds * 8000)
        recordings.append(
            {
                "id": name,
                "sources": [source],
                "sampling_rate": rate,
                "num_samples": count,
                "duration": seconds,
                "channel_ids": [0],
            }
        )
        supervisions.append(
            {"id": name, "recording_id": name, "start": 0.0, "duration": seconds, "channel": 0, "text": text}
        )
        supervisions[-1]["speaker"] = SPEAKERS[name]
    for name, entries in (("recordings", recordings), ("supervisions", supervisions)):
        text = "".join(json.dumps(entry) + "\n" for entry in entries)
        (root / f"{name}.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    return root / "recordings.jsonl.gz", root / "supervisions.jsonl.gz"


def read_columns(root: pathlib.Path) -> Corpus:
    columns = {"audio": "path", "text": "sentence", "speaker": "client_id"}
    return read_table(str(table(root)), columns=columns)


@pytest.mark.parametrize(
    "read",
    [
        lambda root: read_librispeech(str(librispeech(root)), ["train-clean-100"]),
        lambda root: read_kaldi(str(kaldi(root))),
        lambda root: read_ljspeech(str(ljspeech(root))),
        read_columns,
        lambda root: read_lhotse(*map(str, lhotse(root))),
    ],
    ids=["librispeech", "kaldi", "ljspeech", "table", "lhotse"],
)
def test_same_segments(tmp_path: pathlib.Path, read: Callable[[pathlib.Path], Corpus]) -> None:
    corpus = read(tmp_path)
    assert {segment.name: segment.text for segment in corpus} == TEXTS
    assert all(segment.is_whole_file and os.path.isabs(segment.audio) for segment in corpus)
    assert all(os.path.basename(segment.audio).startswith(f"{segment.name}.") for segment in corpus)
    speakers = {segment.name: segment.speaker for segment in corpus}
    assert speakers == (dict.fromkeys(TEXTS, "LJ") if "wavs" in os.listdir(tmp_path) else SPEAKERS)


def test_bliss_of_nested_corpora(tmp_path: pathlib.Path) -> None:
    found = {segment.name: segment for segment in read_bliss(str(bliss(tmp_path)))}
    assert {name: (one.text, one.speaker, one.start, one.end) for name, one in found.items()} == {
        "all/r/s": ("SOME MORE", "30", 0.0, None),
        "all/first/a/1": ("ONE", "1", 0.0, None),
        "all/first/b/1": ("ONE", "1", 0.05, 0.1),
        "all/first/b/2": ("TWO & MORE", "2", 0.1, 0.3),
    }
    assert found["all/r/s"].audio == str(tmp_path / "audio/30-300-0000.wav")


def test_kaldi_with_segments(tmp_path: pathlib.Path) -> None:
    home = kaldi(tmp_path)
    (home / "segments").write_text("a-1 1-10-0000 0.0 0.1\na-2 1-10-0000 0.1 -1\nb 2-20-0000 0.05 0.2\n")
    (home / "text").write_text("a-1 X\na-2 Y\nb Z\n")
    lines = (home / "wav.scp").read_text().splitlines(keepends=True)
    (home / "wav.scp").write_text("".join(line for line in lines if line.startswith(("1-10-0000 ", "2-20-0000 "))))
    os.remove(home / "utt2spk")
    found = [(one.name, one.text, one.speaker, one.start, one.end) for one in read_kaldi(str(home))]
    assert found == [("a-1", "X", "a-1", 0, 0.1), ("a-2", "Y", "a-2", 0.1, None), ("b", "Z", "b", 0.05, 0.2)]


def test_kaldi_commands_that_only_decode_are_files(tmp_path: pathlib.Path) -> None:
    home = kaldi(tmp_path)
    lines = (home / "wav.scp").read_text().splitlines()
    for command in ("flac -c -d -s {} |", "/usr/bin/flac -dcs {} |", "sox {} -t wav - |", "cat {} |"):
        (home / "wav.scp").write_text("".join("{} {}\n".format(*_with(command, line)) for line in lines))
        assert {one.name for one in read_kaldi(str(home))} == set(TEXTS)
    (home / "wav.scp").write_text("".join("{} {}\n".format(*_with("sox {} -r 4k -t wav - |", line)) for line in lines))
    with pytest.raises(ValueError, match=rf"{home}/wav.scp:1: 1-10-0000 is the output of a command.*run_pipes=True"):
        read_kaldi(str(home))
    ran = []
    read_kaldi(str(home), run_pipe=lambda name, command: str(ran.append((name, command)) or "x.wav"))
    assert len(ran) == 5 and ran[0][1].endswith("-r 4k -t wav -")


def _with(command: str, line: str) -> tuple[str, str]:
    name, file = line.split()
    return name, command.format(file)


def test_speakers_of_librispeech_are_of_their_parts(tmp_path: pathlib.Path) -> None:
    root = librispeech(tmp_path)
    (root / "SPEAKERS.TXT").write_text(SPEAKER_LINES)
    assert len(read_librispeech(str(root), ["train-clean-100"])) == 5
    (root / "SPEAKERS.TXT").write_text(SPEAKER_LINES.replace("2    | M | train-clean-100", "2    | M | dev-clean"))
    with pytest.raises(ValueError, match="speaker 2 is of dev-clean, but has a directory in train-clean-100"):
        read_librispeech(str(root), ["train-clean-100"])
    (root / "SPEAKERS.TXT").write_text(SPEAKER_LINES.replace("30   |", "31   |"))
    with pytest.raises(ValueError, match="SPEAKERS.TXT has no speaker 30"):
        read_librispeech(str(root), ["train-clean-100"])
    (root / "SPEAKERS.TXT").write_text(SPEAKER_LINES + "7 | M\n")
    with pytest.raises(ValueError, match=r"SPEAKERS.TXT:5: no line ID"):
        read_librispeech(str(root), ["train-clean-100"])


def test_several_parts_in_the_order_that_is_asked_for(tmp_path: pathlib.Path) -> None:
    root = librispeech(tmp_path)
    home = root / "dev-clean" / "9" / "1"
    write_sound(home / "9-1-0000.flac", "x", 0.2)
    (home / "9-1.trans.txt").write_text("9-1-0000 LAST\n")
    names = [segment.name for segment in read_librispeech(str(root), ["dev-clean", "train-clean-100"])]
    assert names == ["9-1-0000", *TEXTS]


def test_bytes_before_the_first_line_and_ends_of_other_systems(tmp_path: pathlib.Path) -> None:
    path = table(tmp_path)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    columns = {"audio": "path", "text": "sentence"}
    assert {one.text for one in read_table(str(path), columns=columns)} == set(TEXTS.values())


def test_a_table_without_names_of_columns(tmp_path: pathlib.Path) -> None:
    listed = table(tmp_path)
    listed.write_text("".join(listed.read_text().splitlines(keepends=True)[1:]))
    columns = ["speaker", "audio", "text", "votes"]
    corpus = read_table(str(listed), columns=columns)
    assert {segment.name: segment.text for segment in corpus} == TEXTS
    assert {segment.name: segment.speaker for segment in corpus} == SPEAKERS
    with pytest.raises(ValueError, match="columns: no column 'text'; it has 1: audio"):
        read_table(str(listed), columns=["audio"])


def test_files_in_place_of_names(tmp_path: pathlib.Path) -> None:
    listed = ljspeech(tmp_path) / "metadata.csv"
    found = read_ljspeech(str(tmp_path))
    for prefix in ("", "wavs/"):
        listed.write_text("".join(f"{prefix}{name}.wav|{text}\n" for name, text in TEXTS.items()))
        assert read_ljspeech(str(tmp_path)) == found


def test_spaces_of_texts_are_one_each(tmp_path: pathlib.Path) -> None:
    home = kaldi(tmp_path)
    (home / "text").write_text((home / "text").read_text().replace("ONE TWO", " ONE  TWO "))
    assert {segment.name: segment.text for segment in read_kaldi(str(home))} == TEXTS
