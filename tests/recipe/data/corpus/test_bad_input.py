"""What is wrong with a corpus is said with file and line."""

from __future__ import annotations

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

from .examples import librispeech
from .test_readers import bliss, kaldi, lhotse, ljspeech, table

Damage = Callable[[pathlib.Path], object]


def append(name: str, content: bytes) -> Damage:
    """Adds lines to a file."""
    return lambda root: (root / name).write_bytes((root / name).read_bytes() + content)


def write(name: str, content: bytes) -> Damage:
    """Gives a file another content."""
    return lambda root: (root / name).write_bytes(content)


def remove(name: str) -> Damage:
    """Removes a file."""
    return lambda root: os.remove(root / name)


def read_with(make: Callable[[pathlib.Path], object], read: Callable[[pathlib.Path], Corpus], damage: Damage) -> Damage:
    """Makes a corpus, damages it, reads it."""

    def run(root: pathlib.Path) -> None:
        make(root)
        damage(root)
        read(root)

    return run


def of_librispeech(damage: Damage, part: str = "train-clean-100") -> Damage:
    return read_with(librispeech, lambda root: read_librispeech(str(root), [part]), damage)


def of_kaldi(damage: Damage) -> Damage:
    return read_with(kaldi, lambda root: read_kaldi(str(root)), damage)


def of_bliss(content: bytes) -> Damage:
    return read_with(bliss, lambda root: read_bliss(str(root / "inner.xml")), write("inner.xml", content))


def of_ljspeech(damage: Damage) -> Damage:
    return read_with(ljspeech, lambda root: read_ljspeech(str(root)), damage)


def of_table(damage: Damage) -> Damage:
    columns = {"audio": "path", "text": "sentence"}
    return read_with(table, lambda root: read_table(str(root / "train.tsv"), columns=columns), damage)


def of_lhotse(damage: Damage) -> Damage:
    names = ("recordings.jsonl", "supervisions.jsonl")

    def unpacked(root: pathlib.Path) -> None:
        import gzip

        for path in lhotse(root):
            path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))

    return read_with(unpacked, lambda root: read_lhotse(*(str(root / name) for name in names)), damage)


TRANS = "train-clean-100/1/10/1-10.trans.txt"
SOUND = "train-clean-100/1/10/1-10-0001.flac"
RECORDING = b'<corpus name="c"><recording name="r" audio="audio/1-10-0000.wav">'


@pytest.mark.parametrize(
    ("run", "message"),
    [
        (of_librispeech(append(TRANS, b"1-10-0009 NOBODY\n")), f"{TRANS}: transcripts without audio: 1-10-0009$"),
        (of_librispeech(remove(SOUND)), f"{TRANS}: transcripts without audio: 1-10-0001$"),
        (of_librispeech(write(TRANS, b"1-10-0000 ONE\n")), f"{TRANS}: audio without transcript: 1-10-0001$"),
        (of_librispeech(remove(TRANS)), "there is no 1-10.trans.txt, so its audio has no transcripts"),
        (
            of_librispeech(append(TRANS, b"1-10-0001 TWO\n")),
            f"{TRANS}:3: '1-10-0001' stands there twice, first in line 2",
        ),
        (of_librispeech(append(TRANS, b"1-10-0002\n")), f"{TRANS}:3: 1-10-0002 has no text"),
        (
            of_librispeech(append(TRANS, "1-10-0002 SCHÖN\n".encode("latin-1"))),
            f"{TRANS}:3: not UTF-8: byte 0xd6 at position 13 of the line.*iconv",
        ),
        (of_librispeech(lambda root: os.mkdir(root / "dev-clean"), "dev-clean"), "dev-clean: .* this part is empty"),
        (of_librispeech(lambda root: None, "dev-other"), "no part 'dev-other'; it has: train-clean-100"),
        (of_kaldi(append("text", b"other WORDS\n")), "text: transcripts without audio: other. utils/fix_data_dir.sh"),
        (
            of_kaldi(append("wav.scp", b"other audio/1-10-0000.flac\n")),
            "text: audio without transcript: other. utils/fix_data_dir.sh",
        ),
        (of_kaldi(append("wav.scp", b"other nowhere.flac\n")), "wav.scp:6: the file is not there: nowhere.flac"),
        (of_kaldi(append("wav.scp", b"other feats.ark:17\n")), "wav.scp:6: other is in an archive of Kaldi"),
        (of_kaldi(append("text", b"x \xff\n")), "text:6: not UTF-8: byte 0xff"),
        (of_kaldi(write("text", b"")), "text: audio without transcript: 1-10-0000, 1-10-0001"),
        (of_kaldi(write("utt2spk", b"1-10-0000 1 2\n")), "utt2spk:1: no line NAME SPEAKER"),
        (of_kaldi(write("utt2spk", b"1-10-0000 1\n")), "utt2spk: no speaker of 1-10-0001, 1-11-0000"),
        (
            of_kaldi(write("segments", b"a 1-10-0000 0.5\n")),
            "segments:1: no line NAME RECORDING START END: a 1-10-0000 0.5",
        ),
        (of_kaldi(write("segments", b"a 1-10-0000 0.5 0.1\n")), "segments:1: from 0.5 to 0.1 seconds"),
        (of_kaldi(write("segments", b"a other 0.5 0.7\n")), "segments:1: wav.scp has no recording 'other'"),
        (
            of_kaldi(lambda root: [write("segments", b"a 1-10-0000 0 0.1\n")(root), write("text", b"a A\n")(root)]),
            "segments: audio without transcript: 1-10-0001, 1-11-0000",
        ),
        (of_bliss(b'<corpus name="c">\n<recording name="r"'), "inner.xml:2: column 1: no XML"),
        (of_bliss(RECORDING + b"\n</recording></corpus>"), "inner.xml:2: audio without transcript: recording 'r'"),
        (of_bliss(RECORDING + b"\n<segment/></recording></corpus>"), "2: audio without transcript: segment 'c/r/1'"),
        (
            of_bliss(RECORDING.replace(b"0000", b"7") + b"</recording></corpus>"),
            "inner.xml:1: a transcript without audio",
        ),
        (
            of_bliss(RECORDING + b'<segment start="x"/></recording></corpus>'),
            "inner.xml:1: segment 'c/r/1': start and end",
        ),
        (
            of_bliss(RECORDING + b'\n<segment start="2" end="1"><orth>A</orth></segment></recording></corpus>'),
            "inner.xml:2: segment 'c/r/1' is from 2.0 to 1.0 seconds",
        ),
        (of_bliss(b'<corpus name="c">\n<segment/></corpus>'), "inner.xml:2: <segment> stands outside"),
        (of_bliss(b'<corpus name="c"></corpus>'), "inner.xml: this corpus, or this part of it, has no segment"),
        (of_bliss(b'<other name="c"></other>'), "inner.xml:1: a corpus file begins with <corpus>, not <other>"),
        (of_bliss(b'<corpus name="c"><include file="gone.xml"/></corpus>'), "inner.xml:1: <include> of .*gone.xml"),
        (
            of_bliss(RECORDING + 2 * b'\n<segment name="s"><orth>A</orth></segment>' + b"</recording></corpus>"),
            "inner.xml:3: a second segment with the name 'c/r/s'; the first is in .*inner.xml:2",
        ),
        (of_bliss(b'<corpus name="c">\n<include file="inner.xml"/></corpus>'), "inner.xml:2: <include> of .*no end"),
        (of_bliss(RECORDING + b"<segment><orth>A & B</orth></segment></recording></corpus>"), "& is written &amp;"),
        (
            of_bliss(RECORDING + b"<segment><orth>\xff</orth></segment></recording></corpus>"),
            "inner.xml:1: column 81: no XML: .*encoding",
        ),
        (of_ljspeech(append("metadata.csv", b"one column\n")), "metadata.csv:6: no line NAME"),
        (of_ljspeech(append("metadata.csv", b"x|a|b\n")), "metadata.csv: transcripts without audio: x$"),
        (
            of_ljspeech(append("metadata.csv", b"1-10-0000|a|b\n")),
            "metadata.csv:6: '1-10-0000' stands there twice, .*line 1",
        ),
        (
            of_ljspeech(append("metadata.csv", b"x|a|\n")),
            "metadata.csv:6: audio without transcript: x has no text; normalised=False takes",
        ),
        (of_ljspeech(write("metadata.csv", b"1-10-0000|a|b\n")), "metadata.csv: audio without transcript: 1-10-0001"),
        (of_table(append("train.tsv", b"1\tclips/x.ogg\tA\tx\n")), "train.tsv:7: a transcript without audio: .*x.ogg"),
        (of_table(append("train.tsv", b"1\tclips/1-10-0000.ogg\t\tx\n")), "train.tsv:7: audio without transcript"),
        (
            of_table(append("train.tsv", b"1\tclips/1-10-0000.ogg\tA\tx\n")),
            "train.tsv:7: '1-10-0000' stands there twice, .*line 2",
        ),
        (of_table(append("train.tsv", b"1\tA\n")), "train.tsv:7: 2 columns, but there are names of 4"),
        (of_table(write("train.tsv", b"path\ttext\n")), r"train.tsv:1: no column 'sentence'; it has 2: path \| text"),
        (
            of_table(write("train.tsv", b"path,sentence\n")),
            "no column 'path'; it has 1: path,sentence. Columns have TAB",
        ),
        (of_table(write("train.tsv", b"path\tsentence\tpath\n")), "train.tsv:1: two columns have the name 'path'"),
        (
            of_table(write("train.tsv", b"path\tsentence\tend\nclips/1-10-0000.ogg\tA\t0,5\n")),
            "train.tsv:2: end is '0,5', which is no number of seconds",
        ),
        (of_table(write("train.tsv", b"path\tsentence\n")), "train.tsv: this corpus is empty"),
        (
            of_lhotse(append("recordings.jsonl", b'{"id": 1}\n')),
            "recordings.jsonl:6: no manifest of this kind: it has no sources",
        ),
        (of_lhotse(append("supervisions.jsonl", b"{\n")), "supervisions.jsonl:6: no JSON"),
        (
            of_lhotse(
                append(
                    "recordings.jsonl",
                    b'{"id": "x", "duration": 1, "sources": [{"type": "command", "source": "ffmpeg x"}]}\n',
                )
            ),
            "recordings.jsonl:6: recording 'x': its sound is no file but a command: ffmpeg x",
        ),
        (
            of_lhotse(
                lambda root: write(
                    "recordings.jsonl",
                    (root / "recordings.jsonl")
                    .read_bytes()
                    .replace(b'"duration"', b'"transforms": ["Speed"], "duration"'),
                )(root)
            ),
            "recordings.jsonl:1: recording '1-10-0000': it is changed when it is read",
        ),
        (
            of_lhotse(append("supervisions.jsonl", b'{"id": "x", "recording_id": "x", "start": 0, "duration": 1}\n')),
            "supervisions.jsonl:6: a transcript without audio: no recording 'x'",
        ),
        (
            of_lhotse(
                append(
                    "supervisions.jsonl",
                    b'{"id": "x", "recording_id": "1-10-0000", "start": "a", "duration": 1, "text": "A"}\n',
                )
            ),
            "supervisions.jsonl:6: start is 'a', which is no number",
        ),
        (
            of_lhotse(
                append(
                    "supervisions.jsonl",
                    b'{"id": "1-10-0000", "recording_id": "1-10-0000", "start": 0, "duration": 1, "text": "A"}\n',
                )
            ),
            "supervisions.jsonl:6: '1-10-0000' stands there twice",
        ),
        (of_lhotse(write("supervisions.jsonl", b"")), "supervisions.jsonl: audio without transcript: 1-10-0000"),
    ],
)
def test_message(tmp_path: pathlib.Path, run: Damage, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        run(tmp_path)
