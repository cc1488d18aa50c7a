"""A voice in the layout of LibriSpeech, read by the reader of LibriSpeech."""

from __future__ import annotations

import gzip
import os
import pathlib
import re

import numpy
import pytest
from sisyphus import tk

from jobs.corpus.festvox_librispeech import FestvoxToLibriSpeechJob
from jobs.corpus.reading import LibriSpeechCorpusJob
from jobs.corpus.texts import CorpusTextJob
from recipe.data.corpus.audio import read_segment
from recipe.data.corpus.corpus import Corpus
from recipe.data.corpus.librispeech import PARTS, read_speakers

from ...recipe.data.corpus.examples import noise, write_sound
from ..conftest import RunJob

COUNT = 43


def voice(root: pathlib.Path) -> tk.Path:
    """A voice of short recordings."""
    home = root / "share" / "voice"
    for number in range(COUNT):
        write_sound(home / "wav" / f"ru_{number:04d}.wav", f"ru_{number:04d}", 0.05)
    os.makedirs(home / "lab")
    os.makedirs(home / "etc")
    lines = [f'( ru_{number:04d} "Фраза, н+омер - {number}!" )\n' for number in range(COUNT)]
    (home / "etc" / "txt.done.data").write_text("".join(lines))
    return tk.Path(str(root))


def test_all_parts(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = run_job(FestvoxToLibriSpeechJob(voice(tmp_path / "voice")))
    root = job.out_directory.get_path()
    assert sorted(os.listdir(root)) == sorted([*PARTS, "SPEAKERS.TXT"])
    counts, speakers, texts = {}, {}, []
    for part in PARTS:
        read = run_job(LibriSpeechCorpusJob(job.out_directory, part))
        corpus = Corpus.read(read.out_corpus.get_path())
        counts[part], speakers[part] = len(corpus), {segment.speaker for segment in corpus}
        for segment in corpus:
            texts.append(segment.text)
            number = re.fullmatch(r"ФРАЗА НОМЕР (\d+)", segment.text)
            assert number is not None
            samples, _ = read_segment(segment)
            numpy.testing.assert_array_equal(samples, noise(f"ru_{int(number[1]):04d}", 0.05))
            assert segment.name.startswith(f"{segment.speaker}-") and f"/{part}/{segment.speaker}/" in segment.audio
    assert list(counts.values()) == [17, 8, 9, 2, 2, 2, 3]
    assert len(set(texts)) == COUNT
    assert len(set.union(*speakers.values())) == sum(map(len, speakers.values())) == 14
    assert {one.part for one in read_speakers(f"{root}/SPEAKERS.TXT").values()} == set(PARTS)
    train = [run_job(LibriSpeechCorpusJob(job.out_directory, [part for part in PARTS if "train" in part]))]
    text = run_job(CorpusTextJob([one.out_corpus for one in train])).out_text.get_path()
    lines = [gzip.open(path, "rt").read().splitlines() for path in (text, job.out_lm_text.get_path())]
    assert sorted(lines[0]) == sorted(lines[1]) and len(lines[0]) == 34


def test_some_recordings_and_the_same_bytes(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    path = voice(tmp_path / "voice")
    job = run_job(FestvoxToLibriSpeechJob(path, limit=20))
    first = {
        file: file.read_bytes() for file in pathlib.Path(job.out_directory.get_path()).rglob("*") if file.is_file()
    }
    assert sum(file.suffix == ".flac" for file in first) == 20
    run_job(job)
    assert {file: file.read_bytes() for file in first} == first
    with pytest.raises(ValueError, match="limit=3: at least 20"):
        FestvoxToLibriSpeechJob(path, limit=3)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("( ru_0000 no quotes )", r'txt.done.data:44: no line \( NAME "TEXT" \)'),
        ('( ru_0000 "Again" )', "txt.done.data:44: 'ru_0000' stands there twice"),
        ('( ru_9999 "Gone" )', "txt.done.data: transcripts without audio: ru_9999"),
    ],
)
def test_texts_that_are_wrong(tmp_path: pathlib.Path, run_job: RunJob, line: str, message: str) -> None:
    path = voice(tmp_path / "voice")
    with open(tmp_path / "voice/share/voice/etc/txt.done.data", "a") as file:
        file.write(f"{line}\n")
    job = FestvoxToLibriSpeechJob(path)
    with pytest.raises(ValueError, match=message):
        run_job(job)
    assert os.listdir(job.out_directory.get_path()) == []
