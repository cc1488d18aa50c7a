"""Vocabularies that are there already."""

from __future__ import annotations

import pathlib

import pytest
from sisyphus import tk

from jobs.subwords.given import SentencePieceModelJob, VocabularyFileJob
from jobs.subwords.training import SentencePieceTrainingJob
from jobs.training import TrainingJob
from recipe import nn
from recipe.data.subwords import sentence_pieces, words
from recipe.data.text_dataset import text_dataset
from recipe.models.language_model import LstmLanguageModel

from ..conftest import RunJob


def test_model(texts: list[tk.Path], run_job: RunJob) -> None:
    trained = run_job(SentencePieceTrainingJob(texts, size=60, options={"eos_id": 2, "unk_id": 0, "bos_id": 1}))
    given = run_job(SentencePieceModelJob(tk.Path(trained.out_model.get_path())))
    assert (given.out_size.get(), given.out_labels.get()) == (60, trained.out_labels.get())
    assert given.out_end_index.get() == 2 and given.out_labels.get()[2] == "</s>"
    with pytest.raises(ValueError, match=r"first.txt is no SentencePiece model"):
        run_job(SentencePieceModelJob(texts[0]))
    labels = nn.Dim(given.out_size, "labels", labels=given.out_labels)
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)
    dims = {"embedding_dim": nn.Dim(3, "embedding"), "lstm_dim": nn.Dim(4, "lstm")}
    with pytest.raises(
        nn.NetworkError, match="end_label=0 is '<unk>', but '</s>', the end .* is label 2 of dim 'labels'"
    ):
        LstmLanguageModel(data, end_label=0, **dims)
    network = nn.Network(LstmLanguageModel(data, end_label=2, **dims))
    options = {"eos_id": -1, "unk_id": 0, "bos_id": 1}
    without = run_job(SentencePieceTrainingJob(texts, size=60, options=options)).out_model.get_path()
    text = text_dataset(texts[0], sentence_pieces(tk.Path(without)))
    with pytest.raises(ValueError, match=f"the labels of 'data' are made by {without}, which has no .*end_label=False"):
        TrainingJob(network, text, text)


def test_file(tmp_path: pathlib.Path, run_job: RunJob) -> None:
    path = tmp_path / "labels.txt"
    path.write_text("</s>\n<unk>\ngrün\nblau\n", encoding="utf-8")
    job = run_job(VocabularyFileJob(tk.Path(str(path))))
    assert (job.out_size.get(), job.out_labels.get()) == (4, ["</s>", "<unk>", "grün", "blau"])
    dim = nn.Dim(5, "labels")
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=dim)

    def model() -> None:
        nn.reduce_sum(nn.Embedding(dim, 3)(nn.get_extern_data(data))).mark_as_loss("loss")

    text = text_dataset(tk.Path(str(tmp_path / "text.txt")), words(tk.Path(str(path))))
    with pytest.raises(
        ValueError, match=r"made by .*labels.txt, which has 4 labels, but the network has 5, dim 'labels'"
    ):
        TrainingJob(nn.Network(model), text, text)
    path.write_text("{'a': 0, 'b': 1}")  # also a format of RETURNN
    TrainingJob(nn.Network(model), text, text)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\nb\na\n", r"labels.txt:3: the label 'a' stands there twice, first in line 1"),
        (b"a\n\nb\n", r"labels.txt:2: an empty line is no label"),
        (b"a\n\xfc\n", r"labels.txt:2: not UTF-8: byte 0xfc"),
        (b"", r"labels.txt has no labels"),
    ],
)
def test_file_that_is_none(tmp_path: pathlib.Path, run_job: RunJob, content: bytes, message: str) -> None:
    path = tmp_path / "labels.txt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        run_job(VocabularyFileJob(tk.Path(str(path))))
