"""Features of corpora as HDF files, read by RETURNN's own class."""

from __future__ import annotations

import os
import pathlib

import numpy
import pytest
import sentencepiece
from sisyphus import tk

from jobs.corpus.features import CorpusFeaturesJob
from jobs.corpus.ogg_zip import OggZipJob
from recipe.data.corpus import feature_hdf
from recipe.data.corpus.corpus import Corpus, Segment
from recipe.data.dataset import label_dataset
from recipe.data.hdf import read_sequences
from recipe.data.speech_dataset import log_mel_audio, ogg_zip_dataset

from ...recipe.data.corpus.examples import TEXTS, corpus
from ..conftest import RunJob
from .epochs import epoch_of

LETTERS = " '" + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@pytest.fixture
def path(tmp_path: pathlib.Path) -> tk.Path:
    """A corpus."""
    corpus(tmp_path).write(str(tmp_path / "corpus.jsonl.gz"))
    return tk.Path(str(tmp_path / "corpus.jsonl.gz"))


def test_same_as_of_an_archive(path: tk.Path, run_job: RunJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """In small pieces, so that many are written one after the other."""
    monkeypatch.setattr(feature_hdf, "_CHUNK", 64)
    job = run_job(CorpusFeaturesJob(path, num_mel=12, stack=2, characters=LETTERS))
    archive = run_job(OggZipJob(path, cpu_rqmt=1)).out_zip
    found = epoch_of(label_dataset(job.out_hdf, seq_ordering="default"))
    wanted = epoch_of(ogg_zip_dataset(archive, audio=log_mel_audio(num_mel=12, stack=2), targets=None))
    assert list(found) == list(TEXTS)
    for name, streams in found.items():
        numpy.testing.assert_array_equal(streams["data"], wanted[name]["data"])
        assert "".join(LETTERS[index] for index in streams["classes"]) == TEXTS[name], "the space has its index"
    assert job.out_num_frames.get() == sum(len(streams["data"]) for streams in found.values())
    assert job.out_num_seqs.get() == 5


def test_without_classes_and_the_same_bytes(path: tk.Path, run_job: RunJob) -> None:
    job = run_job(CorpusFeaturesJob(path, num_mel=10, normalise=False))
    first = pathlib.Path(job.out_hdf.get_path()).read_bytes()
    os.remove(job.out_hdf.get_path())
    job.rqmt["cpu"] = 1
    run_job(job)
    assert pathlib.Path(job.out_hdf.get_path()).read_bytes() == first
    lengths = {tag: len(features) for tag, features in read_sequences(job.out_hdf.get_path())}
    found = epoch_of(label_dataset(job.out_hdf, seq_ordering="sorted"))
    assert {name: len(streams["data"]) for name, streams in found.items()} == lengths


def test_pieces_of_sentences(path: tk.Path, tmp_path: pathlib.Path, run_job: RunJob) -> None:
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS.values()), model_prefix=str(tmp_path / "model"), vocab_size=20, model_type="bpe"
    )
    model = tmp_path / "model.model"
    job = run_job(CorpusFeaturesJob(path, num_mel=10, sentence_pieces=tk.Path(str(model)), cpu_rqmt=1))
    processor = sentencepiece.SentencePieceProcessor(model_file=str(model))
    for tag, labels in read_sequences(job.out_hdf.get_path(), "classes"):
        assert processor.decode([int(label) for label in labels]) == TEXTS[tag]
    alone = {tag: list(labels) for tag, labels in read_sequences(job.out_hdf.get_path(), "classes")}
    with_end = CorpusFeaturesJob(path, num_mel=10, sentence_pieces=tk.Path(str(model)), end_label=True, cpu_rqmt=1)
    for tag, labels in read_sequences(run_job(with_end).out_hdf.get_path(), "classes"):
        assert list(labels) == [*alone[tag], processor.eos_id()]
    with pytest.raises(ValueError, match="end_label=True is of sentence_pieces="):
        CorpusFeaturesJob(path, characters="AB", end_label=True)
    with pytest.raises(ValueError, match="classes are characters or pieces"):
        CorpusFeaturesJob(path, characters="AB", sentence_pieces=tk.Path(str(model)))
    for alphabet, message in (
        ("ABA", "each character once, not 'A' twice"),
        (["A", "BC"], "single characters, not 'BC'"),
    ):
        with pytest.raises(ValueError, match=message):
            CorpusFeaturesJob(path, characters=alphabet)


def test_other_characters_and_short_segments(path: tk.Path, tmp_path: pathlib.Path, run_job: RunJob) -> None:
    job = CorpusFeaturesJob(path, characters="ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    with pytest.raises(ValueError, match="segment 1-10-0001: no label for '▁': ONE▁TWO.*leave_out=True"):
        run_job(job)
    assert not os.path.exists(job.out_hdf.get_path())
    (first, *_) = Corpus.read(path.get_path())
    short = Corpus((Segment("short", first.audio, "A", "x", 0.1, 0.105),))
    short.write(str(tmp_path / "short.jsonl.gz"))
    job = CorpusFeaturesJob(tk.Path(str(tmp_path / "short.jsonl.gz")), cpu_rqmt=1)
    with pytest.raises(
        ValueError, match=f"{first.audio}: segment short has 0.005 s, too short for a frame.*CheckCorpusJob"
    ):
        run_job(job)
    assert not os.path.exists(job.out_hdf.get_path())
