"""Translation with a language model, from texts to BLEU, on real RETURNN: the graphs of the configs at tiny sizes."""

from __future__ import annotations

import pathlib
import random
from collections.abc import Callable

import pytest
from sisyphus import Job

import localsis

localsis.install()

from configs import translation, translation_graph, translation_language_model  # noqa: E402 - after the installation
from localsis import outputs  # noqa: E402
from recipe import nn  # noqa: E402
from recipe.data.subwords import END_INDEX  # noqa: E402
from recipe.models.language_model import LstmLanguageModel  # noqa: E402

from ..conftest import RunJob  # noqa: E402

pytestmark = [pytest.mark.xdist_group("both-engines"), pytest.mark.usefixtures("warm_returnn")]
pytest.importorskip("tensorflow", reason="runs both engines")
pytest.importorskip("torch", reason="runs both engines")

WORDS = {"ein": "a", "das": "the", "haus": "house", "kind": "child", "und": "and", "ruft": "calls", "grün": "green"}


@pytest.fixture
def texts(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> translation_graph.Texts:
    """Sentences that are translated word by word."""
    monkeypatch.setattr(outputs, "registered", {})
    draw = random.Random(1)
    for part, count in (("train", 60), ("dev", 6), ("test", 6)):
        sentences = [[draw.choice([*WORDS]) for _ in range(draw.randint(1, 6))] for _ in range(count)]
        for language, words in (("de", {word: word for word in WORDS}), ("en", WORDS)):
            lines = [" ".join(words[word] for word in sentence) for sentence in sentences]
            (tmp_path / f"{part}.{language}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return translation_graph.own_texts(str(tmp_path), "de", "en")


@pytest.fixture
def run_all(run_job: RunJob) -> Callable[[], None]:
    """Runs all jobs that outputs need, in order."""

    def run(job: Job, done: set[Job]) -> None:
        if job not in done:
            for before in sorted(job._sis_input_jobs(), key=lambda one: one.job_id()):
                run(before, done)
            run_job(job)
            done.add(job)

    def run_needed() -> None:
        done: set[Job] = set()
        for path in outputs.registered.values():
            run(path.creator, done)

    return run_needed


def language_model(labels: nn.Dim) -> LstmLanguageModel:
    """A tiny one."""
    return LstmLanguageModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels),
        end_label=END_INDEX,
        embedding_dim=nn.Dim(3, "language_model_embedding"),
        lstm_dim=nn.Dim(4, "language_model_lstm"),
    )


def value(name: str) -> float:
    """What an output has."""
    number = outputs.registered[name].get()
    assert isinstance(number, float)
    return number


def test_language_model_on_tensorflow(texts: translation_graph.Texts, run_all: Callable[[], None]) -> None:
    inputs = translation_graph.inputs_of(texts, size=30)
    assert inputs.target.sparse_dim is not None
    translation_language_model.train_language_model(
        language_model(inputs.target.sparse_dim),
        inputs,
        texts,
        texts.target["train"],
        blocks=4,
        partition_epoch=2,
        rates=[0.01],
    )
    run_all()
    assert 1 < value("translation/language_model/dev/perplexity") < 30


def test_all_on_pytorch(texts: translation_graph.Texts, run_all: Callable[[], None]) -> None:
    engine, inputs = "torch", translation_graph.inputs_of(texts, size=30)
    assert inputs.target.sparse_dim is not None
    model, of_text = translation.small_model(inputs, dim=8), language_model(inputs.target.sparse_dim)
    train = translation_graph.training(model, texts, inputs, [0.01], dropout=0.1, engine=engine)
    translation.experiment("tiny", texts, inputs, model, train, next_step="")
    checkpoint = translation_language_model.last(train)
    of_language_model = translation_language_model.train_language_model(
        of_text, inputs, texts, texts.target["train"], engine=engine, blocks=4, partition_epoch=2, rates=[0.01]
    )
    models = model, checkpoint, of_text, of_language_model
    translation_language_model.rescoring(texts, inputs, *models, scales=(0.0, 0.5))
    translation_language_model.fusion(texts, inputs, *models, grid={"scale": [0.3], "internal_scale": [0.1]})
    run_all()
    for name in ("tiny", "translation/language_model/rescoring", "translation/language_model/fusion"):
        assert 0 <= value(f"{name}/test/bleu") <= 100
        assert 0 < value(f"{name}/test/chrf") <= 100
    assert 1 < value("translation/language_model/dev/perplexity") < 60
    assert value("translation/language_model/dev/word_perplexity") > value("translation/language_model/dev/perplexity")
