"""Archives for OggZipDataset, read by RETURNN's own class."""

from __future__ import annotations

import dataclasses
import os
import pathlib

import numpy
import pytest
from sisyphus import tk

from jobs.corpus.ogg_zip import OggZipJob
from jobs.corpus.reading import LibriSpeechCorpusJob
from recipe.data.characters import character_targets
from recipe.data.corpus.corpus import Corpus
from recipe.data.log_mel import log_mel, normalised, stacked_frames
from recipe.data.speech_dataset import log_mel_audio, ogg_zip_dataset, raw_audio

from ...recipe.data.corpus.examples import RATE, SECONDS, SPEAKERS, TEXTS, corpus, librispeech, noise
from ..conftest import RunJob
from .epochs import epoch_of

LETTERS = " '" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def written(corpus: Corpus, path: pathlib.Path) -> tk.Path:
    corpus.write(str(path))
    return tk.Path(str(path))


def test_samples_and_characters_of_an_archive(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    read = run_job(LibriSpeechCorpusJob(tk.Path(str(librispeech(tmp_path))), "train-clean-100"))
    job = run_job(OggZipJob(read.out_corpus))
    found = epoch_of(ogg_zip_dataset(job.out_zip, audio=raw_audio(), targets=character_targets(LETTERS)))
    assert list(found) == list(TEXTS)
    for name, streams in found.items():
        assert "".join(LETTERS[index] for index in streams["classes"]) == TEXTS[name], "the space has its index"
        numpy.testing.assert_array_equal(streams["data"][:, 0], noise(name, SECONDS[name]))
    assert job.out_num_seqs.get() == 5
    assert job.out_seconds.get() == sum(SECONDS.values())


def test_features_are_those_of_log_mel(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = run_job(OggZipJob(written(corpus(tmp_path), tmp_path / "corpus.jsonl.gz"), cpu_rqmt=1))
    audio = log_mel_audio(num_mel=20, stack=2)
    for name, streams in epoch_of(ogg_zip_dataset(job.out_zip, audio=audio, targets=None)).items():
        expected = stacked_frames(normalised(log_mel(noise(name, SECONDS[name]), RATE, num_mel=20)), 2)
        assert expected.shape[1] == 40
        numpy.testing.assert_array_equal(streams["data"], expected)


@pytest.mark.parametrize("audio_format", ["flac", "ogg", "wav"])
def test_same_input_gives_same_bytes(tmp_path: pathlib.Path, run_job: RunJob, audio_format: str) -> None:
    """Also of pieces of recordings, which are encoded; with one process and with two."""
    pieces = [dataclasses.replace(one, start=0.05, end=0.2) for one in corpus(tmp_path)]
    path = written(Corpus(tuple(pieces)), tmp_path / "pieces.jsonl.gz")
    job = run_job(OggZipJob(path, audio_format=audio_format, cpu_rqmt=2))
    first = pathlib.Path(job.out_zip.get_path()).read_bytes()
    os.remove(job.out_zip.get_path())
    job.rqmt["cpu"] = 1
    run_job(job)
    assert pathlib.Path(job.out_zip.get_path()).read_bytes() == first
    found = epoch_of(ogg_zip_dataset(job.out_zip, audio=raw_audio(), targets=None))
    for name, streams in found.items():
        piece = noise(name, SECONDS[name])[int(0.05 * RATE) : int(0.2 * RATE)]
        assert streams["data"].shape == (len(piece), 1)
        distance = numpy.abs(streams["data"][:, 0] - piece).max()
        assert distance == 0 if audio_format != "ogg" else 0 < distance < 0.25


def test_broken_recording_leaves_nothing(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    segments = corpus(tmp_path)
    broken = segments.segments[3].audio
    content = pathlib.Path(broken).read_bytes()
    pathlib.Path(broken).write_bytes(content[: len(content) // 2])
    job = OggZipJob(written(segments, tmp_path / "corpus.jsonl.gz"))
    with pytest.raises(ValueError, match=rf"{broken}: broken audio \(segment 2-20-0000\)"):
        run_job(job)
    assert not os.path.exists(job.out_zip.get_path())


def test_speakers_are_in_the_list(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    from recipe.data.corpus.ogg_zip import read_list

    job = run_job(OggZipJob(written(corpus(tmp_path), tmp_path / "corpus.jsonl.gz"), cpu_rqmt=1))
    assert {entry["seq_name"]: entry["speaker"] for entry in read_list(job.out_zip.get_path())} == SPEAKERS
