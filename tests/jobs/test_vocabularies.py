"""Labels of another vocabulary than the network's are found before anything is trained."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.perplexity import PerplexityJob
from jobs.preload import Preload
from jobs.subwords.training import SentencePieceTrainingJob
from jobs.training import TrainingJob
from jobs.vocabularies import files_of
from recipe import nn
from recipe.data.characters import character_targets
from recipe.data.subwords import END_INDEX, sentence_pieces, words
from recipe.data.text_dataset import text_blocks_dataset, text_dataset, text_pair_dataset, with_bpe_dropout
from recipe.models.language_model import LstmLanguageModel

from .conftest import RunJob
from .subwords.conftest import sentences

TEXT = tk.Path("/text.txt")


def network(labels: nn.Dim) -> nn.Network:
    """A language model."""
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)
    dims = {"embedding_dim": nn.Dim(3, "embedding"), "lstm_dim": nn.Dim(4, "lstm")}
    return nn.Network(LstmLanguageModel(data, end_label=END_INDEX, **dims))


@pytest.fixture
def vocabularies(tmp_path: pathlib.Path) -> dict[str, SentencePieceTrainingJob]:
    """Three: the second with another size, the third with the size of the first, but of another kind."""
    path = tmp_path / "text.txt"
    path.write_text("\n".join(sentences()) + "\n", encoding="utf-8")
    text = tk.Path(str(path))
    return {
        "first": SentencePieceTrainingJob(text, size=50),
        "larger": SentencePieceTrainingJob(text, size=60),
        "unigram": SentencePieceTrainingJob(text, size=50, kind="unigram"),
    }


def dim_of(job: SentencePieceTrainingJob) -> nn.Dim:
    """The labels of a vocabulary."""
    return nn.Dim(job.out_size, "labels", labels=job.out_labels)


def data_of(job: SentencePieceTrainingJob) -> dict[str, Any]:
    """A text as its labels."""
    return text_dataset(TEXT, sentence_pieces(job.out_model))


@pytest.mark.parametrize("other", ["larger", "unigram"])
def test_data_and_network_of_two_jobs(vocabularies: dict[str, SentencePieceTrainingJob], other: str) -> None:
    one, two = vocabularies["first"], vocabularies[other]
    message = (
        f"train_data: the labels of 'data' are made by .*{two.job_id()}.*, but those of the network, dim 'labels', "
    )
    with pytest.raises(ValueError, match=f"{message}are given by .*{one.job_id()}"):
        TrainingJob(network(dim_of(one)), data_of(two), data_of(one))
    with pytest.raises(ValueError, match="dev_data: the labels of 'data'"):
        TrainingJob(network(dim_of(one)), data_of(one), data_of(two))
    TrainingJob(network(dim_of(one)), data_of(one), data_of(one))
    with pytest.raises(ValueError, match="data: the labels of 'data' are made by"):
        PerplexityJob(network(dim_of(one)), Checkpoint(tk.Path("/model.index")), data_of(two))


def test_files_that_are_there(vocabularies: dict[str, SentencePieceTrainingJob], run_job: RunJob) -> None:
    """Sizes and labels, where no job says which vocabulary it is."""
    first, unigram = run_job(vocabularies["first"]), run_job(vocabularies["unigram"])
    model = tk.Path(first.out_model.get_path())
    data = text_dataset(TEXT, sentence_pieces(model))
    with pytest.raises(ValueError, match=r"made by .*subwords.model, which has 50 labels, but the network has 44, dim"):
        TrainingJob(network(nn.Dim(44, "labels")), data, data)
    labels = unigram.out_labels.get()
    message = r"label (\d+) is '.*', but in the network it is '.*', dim 'labels': take both from one vocabulary"
    with pytest.raises(ValueError, match=message):
        TrainingJob(network(nn.Dim(50, "labels", labels=labels)), data, data)
    TrainingJob(network(nn.Dim(50, "labels", labels=first.out_labels.get())), data, data)


def test_what_is_known_in_the_task(vocabularies: dict[str, SentencePieceTrainingJob], run_job: RunJob) -> None:
    """A number in the network, and a model that is made later."""
    first = vocabularies["first"]
    job = TrainingJob(network(nn.Dim(44, "labels")), data_of(first), data_of(first))
    run_job(first)
    with pytest.raises(ValueError, match=r"train_data: .* which has 50 labels, but the network has 44"):
        run_job(job)


def test_checkpoint_of_another_vocabulary(
    vocabularies: dict[str, SentencePieceTrainingJob], run_job: RunJob, tmp_path: pathlib.Path
) -> None:
    first, unigram = vocabularies["first"], vocabularies["unigram"]
    train = TrainingJob(network(dim_of(first)), data_of(first), data_of(first))
    message = (
        f"other labels: embedding/.* was trained with <.*{first.job_id()}.*>, the network has <.*{unigram.job_id()}"
    )
    with pytest.raises(nn.NetworkError, match=message):
        PerplexityJob(network(dim_of(unigram)), train.out_checkpoints[1], data_of(unigram))
    with pytest.raises(nn.NetworkError, match=message):
        TrainingJob(
            network(dim_of(unigram)), data_of(unigram), data_of(unigram), preload=[Preload(train.out_checkpoints[1])]
        )
    # a number: it is found in the task, before RETURNN starts
    given = network(nn.Dim(44, "labels"))
    (tmp_path / "model.index").touch()
    (tmp_path / "model.meta").touch()
    (tmp_path / "model.data-00000-of-00001").touch()
    checkpoint = Checkpoint(tk.Path(str(tmp_path / "model.index")), train.network)
    jobs = [
        PerplexityJob(given, checkpoint, {"class": "LmDataset", "corpus_file": TEXT}),
        TrainingJob(given, {"class": "LmDataset"}, {"class": "LmDataset"}, preload=[Preload(checkpoint)]),
    ]
    run_job(first)
    for job in jobs:
        with pytest.raises(
            nn.NetworkError,
            match=rf"embedding/\w+ was trained with 50 \(dim 'labels', <.*{first.job_id()}.*>\), but the network that "
            r"loads it has 44 \(dim 'labels'\)",
        ):
            run_job(job)


def test_which_models_a_dataset_has() -> None:
    one, two = (sentence_pieces(tk.Path(f"/{name}.model")) for name in ("one", "two"))
    pair = text_pair_dataset(TEXT, TEXT, one, two)
    assert files_of(pair) == {"data": one["model_file"], "classes": two["model_file"]}
    assert files_of(text_blocks_dataset([TEXT], two)) == {"data": two["model_file"]}
    assert files_of({"class": "MultiProcDataset", "dataset": pair, "num_workers": 2}) == files_of(pair)
    assert files_of(with_bpe_dropout(pair, 0.1)) == files_of(pair)
    assert files_of({"class": "OggZipDataset", "targets": one}) == {"classes": one["model_file"]}
    assert files_of({"class": "LmDataset", "orth_vocab": words(TEXT)}) == {"data": TEXT}
    assert files_of({"class": "LmDataset", "orth_vocab": {"class": "Vocabulary", "labels": ["a"]}}) == {}
    assert files_of({"class": "HDFDataset", "files": [TEXT]}) == {}
    assert files_of(nn.PythonCode("data")) == {}


def test_characters() -> None:
    """A list of labels in the options of the dataset."""
    letters = nn.Dim(3, "letters", labels=["a", "b", "c"])
    for alphabet, message in (
        ("ab", "has 2 labels, but the network has 3"),
        ("acb", "label 1 is 'c', but .* it is 'b'"),
    ):
        data = {"class": "LmDataset", "corpus_file": TEXT, "orth_vocab": character_targets(alphabet)}
        with pytest.raises(
            ValueError, match=f"train_data: the labels of 'data' are those of its CharacterTargets, .*{message}"
        ):
            TrainingJob(network(letters), data, data)
    data = {"class": "LmDataset", "corpus_file": TEXT, "orth_vocab": character_targets("abc")}
    TrainingJob(network(letters), data, data)
