"""Subword vocabularies, learned by real SentencePiece."""

from __future__ import annotations

import pathlib
import re
from typing import Any

import pytest
from sisyphus import tk

from jobs.subwords.training import SentencePieceTrainingJob
from recipe import nn
from recipe.data.subwords import END_INDEX, END_LABEL, UNKNOWN_LABEL, sentence_pieces, words_of

from ..conftest import RunJob
from .conftest import sentences

KINDS = [{"kind": "bpe", "size": 60}, {"kind": "unigram", "size": 60}, {"kind": "character"}]


@pytest.mark.parametrize("arguments", KINDS, ids=lambda arguments: arguments["kind"])
def test_a_vocabulary_of_each_kind(texts: list[tk.Path], run_job: RunJob, arguments: dict[str, Any]) -> None:
    from returnn.datasets.util.vocabulary import Vocabulary

    job = run_job(SentencePieceTrainingJob(texts, **arguments))
    labels = pathlib.Path(job.out_vocabulary.get_path()).read_text(encoding="utf-8").splitlines()
    assert labels == job.out_labels.get()
    assert labels[:2] == [END_LABEL, UNKNOWN_LABEL]
    assert job.out_size.get() == len(labels) == arguments.get("size", 15)
    if arguments["kind"] == "character":
        assert all(len(label) == 1 for label in labels[2:])

    vocabulary = Vocabulary.create_vocab(**sentence_pieces(job.out_model.get_path()))
    assert (vocabulary.labels, vocabulary.eos_label_id) == (labels, END_INDEX)
    for sentence in [*sentences()[:40], "ba  x ke"]:
        indices = vocabulary.get_seq(sentence)
        assert indices[-1] == END_INDEX
        pieces = [labels[index] for index in indices]
        assert words_of(pieces) == tuple(sentence.replace("x", UNKNOWN_LABEL).split())
        assert " ".join(words_of(pieces)).replace(UNKNOWN_LABEL, " ⁇ ") == vocabulary.sp.decode(indices)


def test_the_same_text_gives_the_same_bytes(texts: list[tk.Path], run_job: RunJob) -> None:
    models = []
    for arguments in ({}, {"mem_rqmt": 5}):
        job = SentencePieceTrainingJob(texts, size=60, kind="unigram", max_sentences=150, **arguments)
        models.append((job.job_id(), pathlib.Path(run_job(job).out_model.get_path()).read_bytes()))
    assert models[0] == models[1]


def test_a_dim_of_a_vocabulary(texts: list[tk.Path], run_job: RunJob) -> None:
    job = SentencePieceTrainingJob(texts, size=60)
    labels = nn.Dim(job.out_size, "labels", labels=job.out_labels)
    with_blank = nn.Dim(job.out_size + 1, "labels_with_blank", labels=job.out_labels + ["<blank>"])
    run_job(job)
    assert (labels.size, labels.labels) == (60, tuple(job.out_labels.get()))
    assert with_blank.labels == (*job.out_labels.get(), "<blank>")


def test_bytes_of_what_was_not_seen(texts: list[tk.Path], run_job: RunJob) -> None:
    import sentencepiece

    job = run_job(SentencePieceTrainingJob(texts, size=310, options={"byte_fallback": True}))
    processor = sentencepiece.SentencePieceProcessor(model_file=job.out_model.get_path())
    pieces = processor.encode("ba Ωx ke€", out_type=str)
    assert "<0xCE>" in pieces
    assert words_of(pieces) == ("ba", "Ωx", "ke€")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"size": 3000}, r"size=3000 is more than the text gives: at most \d+, from .*first.txt, .*second.txt.gz"),
        ({"size": 5}, r"size=5 is less than end, unknown and all characters of the text, which are 15"),
    ],
)
def test_a_size_that_cannot_be(texts: list[tk.Path], run_job: RunJob, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        run_job(SentencePieceTrainingJob(texts, **arguments))


def test_text_that_is_none(tmp_path: pathlib.Path, texts: list[tk.Path], run_job: RunJob) -> None:
    for content, message in (
        (b"eins\nz\xfcrich\n", r"wrong.txt:2: not UTF-8: byte 0xfc at position 1 of .*iconv"),
        (b"\n \n", "there is no text to learn subwords from: all lines are empty in .*wrong.txt"),
    ):
        path = tmp_path / "wrong.txt"
        path.write_bytes(content)
        job = SentencePieceTrainingJob(tk.Path(str(path)), size=60 + len(content))
        with pytest.raises(ValueError, match=message):
            run_job(job)
        assert not pathlib.Path(job.out_model.get_path()).exists()
    cut = tmp_path / "cut.txt.gz"
    cut.write_bytes(pathlib.Path(texts[1].get_path()).read_bytes()[:200])
    with pytest.raises(ValueError, match=r"cut.txt.gz:\d+: the gzip file is damaged"):
        run_job(SentencePieceTrainingJob(tk.Path(str(cut)), size=60))


def test_arguments_that_cannot_be(texts: list[tk.Path]) -> None:
    with pytest.raises(ValueError, match="kind is one of bpe, unigram, character, not 'bp'"):
        SentencePieceTrainingJob(texts, size=60, kind="bp")
    with pytest.raises(ValueError, match=re.escape("size=... says how many labels a vocabulary of kind 'bpe' has")):
        SentencePieceTrainingJob(texts)
    with pytest.raises(ValueError, match="max_sentences is more than 100"):
        SentencePieceTrainingJob(texts, size=60, max_sentences=10)
    with pytest.raises(ValueError, match="sampling is a number from 0"):
        sentence_pieces(texts[0], sampling=1.5)
