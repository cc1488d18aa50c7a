"""Perplexity is the same in NumPy, TensorFlow and PyTorch, on sentences of different lengths."""

from __future__ import annotations

import math
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint
from jobs.perplexity import PerplexityJob, TextScore, score_in_numpy
from jobs.subwords.training import SentencePieceTrainingJob
from recipe import nn
from recipe.data.subwords import END_INDEX, sentence_pieces
from recipe.data.text_dataset import text_dataset
from recipe.models.language_model import LanguageModel, LstmLanguageModel, TransformerLanguageModel

from .conftest import RunJob
from .subwords.conftest import sentences

pytestmark = [pytest.mark.xdist_group("both-engines"), pytest.mark.usefixtures("warm_returnn")]
pytest.importorskip("tensorflow", reason="runs both engines")
pytest.importorskip("torch", reason="runs both engines")

MODELS: dict[str, Callable[[nn.ExternData], LanguageModel]] = {
    "lstm": lambda source: LstmLanguageModel(
        source, end_label=END_INDEX, embedding_dim=nn.Dim(3, "embedding"), lstm_dim=nn.Dim(4, "lstm")
    ),
    "transformer": lambda source: TransformerLanguageModel(
        source, nn.Dim(4, "dim"), nn.Dim(6, "hidden"), nn.Dim(2, "heads"), end_label=END_INDEX, num_layers=1
    ),
}


@pytest.mark.parametrize("model", MODELS)
def test_engines_agree(
    tmp_path: pathlib.Path, run_job: RunJob, on_both_engines: Callable[..., list[Any]], model: str
) -> None:
    import sentencepiece

    lines = ["ba", *sentences(count=9), "no li " * 12, "ke"]
    text = tk.Path(str(tmp_path / "text.txt"))
    pathlib.Path(text.get_path()).write_text("\n\n".join(lines) + "\n", encoding="utf-8")
    subwords = run_job(SentencePieceTrainingJob(text, kind="character"))
    labels = nn.Dim(subwords.out_size, "labels", labels=subwords.out_labels)
    network = nn.Network(MODELS[model](nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)))
    data = text_dataset(text, sentence_pieces(subwords.out_model), seq_ordering="sorted")

    checkpoints: list[Checkpoint] = []

    def job(checkpoint: Checkpoint) -> PerplexityJob:
        checkpoints.append(checkpoint)
        return PerplexityJob(network, checkpoint, data, text=text, config={"batch_size": 120})

    jobs = on_both_engines(network, job)
    processor = sentencepiece.SentencePieceProcessor(model_file=subwords.out_model.get_path(), add_eos=True)
    sequences = [processor.encode(line) for line in lines]
    words = sum(len(line.split()) for line in lines)
    assert len({len(row) for row in sequences}) > 5
    score = score_in_numpy(network, read_checkpoint(checkpoints[0]), sequences, batch=5)
    assert score.tokens == sum(map(len, sequences))
    assert score.perplexity > 1.5
    for one in jobs:
        assert math.isclose(one.out_perplexity.get(), score.perplexity, rel_tol=1e-4)
        assert math.isclose(one.out_word_perplexity.get(), score.word_perplexity(words), rel_tol=1e-3)


def test_definition() -> None:
    score = TextScore(sequences=2, tokens=10, log_prob=-10 * math.log(7))
    assert math.isclose(score.perplexity, 7)
    assert math.isclose(score.word_perplexity(3), 49)
    assert TextScore(1, 1, -1e4).perplexity == math.inf


def test_what_is_no_language_model() -> None:
    dim = nn.Dim(3, "labels")

    def model() -> None:
        x = nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time"), dim]))
        nn.reduce_sum(x, axis=dim).mark_as_loss("loss")

    with pytest.raises(ValueError, match="exactly one nn.cross_entropy"):
        PerplexityJob(nn.Network(model), Checkpoint(tk.Path("model.index")), {"class": "LmDataset"})
