"""The graphs of configs/librispeech.py at full size and as a miniature, and its networks in tiny on all engines."""

from __future__ import annotations

import dataclasses
import pathlib
from typing import Any

import numpy
import pytest

import localsis

localsis.install()

from configs import librispeech  # noqa: E402 - what jobs import must be installed first
from configs.librispeech_data import SCORED_PARTS  # noqa: E402
from configs.librispeech_models import Models  # noqa: E402
from configs.librispeech_sizes import FULL, MINIATURE, Conformer, one_cycle  # noqa: E402
from jobs.experiment_page import ExperimentPageJob  # noqa: E402
from jobs.search import SearchJob  # noqa: E402
from jobs.training import TrainingJob  # noqa: E402
from localsis import outputs  # noqa: E402
from localsis.job import created_jobs  # noqa: E402
from recipe import nn  # noqa: E402

SYSTEMS = ("ctc", "attention", "transducer", "fusion_lstm", "fusion_transformer", "rescoring_transformer")
TRAININGS = ("ctc", "attention", "transducer", "language_model_lstm", "language_model_transformer")
TINY = dataclasses.replace(
    MINIATURE,
    mel=8,
    conformer=Conformer(dim=8, hidden=12, heads=2, layers=1, filter_size=3, dropout=0.1),
    transducer=(4, 6, 6),
    lstm=(4, 6, 1),
    transformer=(8, 12, 2, 1),
    max_labels=4,
    beam=2,
)
LABELS = nn.Dim(5, "subwords", labels=["</s>", "<unk>", "▁a", "b", "▁c"])


@pytest.fixture
def empty_corpus(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    """Directories and a text, with nothing in them."""
    directory = tmp_path / "LibriSpeech"
    for part in (*FULL.train_parts, *SCORED_PARTS):
        (directory / part).mkdir(parents=True)
    (directory / "librispeech-lm-norm.txt.gz").touch()
    monkeypatch.setenv("LIBRISPEECH", str(directory))
    return directory


def jobs_of(kind: type) -> list[Any]:
    """All of this kind in the graph."""
    return [job for job in created_jobs.values() if isinstance(job, kind)]


def registered() -> set[str]:
    """The names of all outputs."""
    outputs.wanted_jobs()
    return set(outputs.registered)


def test_full_graph(empty_corpus: pathlib.Path) -> None:
    """It is made without reading the corpus; all systems are scored on all four parts."""
    librispeech.py()
    names = registered()
    for system in SYSTEMS:
        for part in SCORED_PARTS:
            assert f"librispeech/{system}/{part}/wer" in names
    for system in ("ctc", "attention", "transducer"):
        for epoch in FULL.recognised_epochs:
            assert f"librispeech/{system}/epoch_{epoch:03d}/dev-other/wer" in names
    assert {"librispeech/corpus/problems.txt", "librispeech/corpus/train-other-500.txt"} <= names
    trainings = jobs_of(TrainingJob)
    assert len(trainings) == 5
    pages = {job.title: job for job in jobs_of(ExperimentPageJob)}
    assert set(pages) == {f"librispeech/{training}" for training in TRAININGS}
    assert [name for name in TRAININGS if pages[f"librispeech/{name}"].heat_maps] == ["ctc", "attention"]
    assert all(job.engine == "torch" and job.device == "gpu" and job.rqmt["gpu"] == 1 for job in trainings)
    assert all(job.device == "gpu" and job.rqmt["time"] > 1 for job in jobs_of(SearchJob))


def test_eight_gpus_and_other_units(empty_corpus: pathlib.Path) -> None:
    librispeech.ctc()
    (one,) = jobs_of(TrainingJob)
    created_jobs.clear()
    librispeech.ctc(units=10_000, num_gpus=8)
    (eight,) = jobs_of(TrainingJob)
    assert eight.rqmt["gpu"] == 8 and eight.horovod_num_processes == 8
    assert eight.rqmt["mem"] == 8 * one.rqmt["mem"] and eight.rqmt["time"] < one.rqmt["time"] / 4
    assert eight.config["torch_distributed"]["dataset_distribution"] == "shard"
    assert eight.network.extern_data["classes"].sparse_dim.size == 10_000
    assert "librispeech_10000/ctc/test-other/wer" in registered()


def test_tensorflow(empty_corpus: pathlib.Path) -> None:
    librispeech.py(engine="tensorflow", num_gpus=2)
    assert {job.engine for job in jobs_of(TrainingJob)} == {"tensorflow"}
    assert "librispeech_tensorflow/attention/test-clean/wer" in registered()


def test_ids_do_not_depend_on_where_the_corpus_is(
    empty_corpus: pathlib.Path, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    librispeech.transducer()
    ids = set(created_jobs)
    created_jobs.clear()
    empty_corpus.rename(tmp_path / "elsewhere")
    monkeypatch.setenv("LIBRISPEECH", str(tmp_path / "elsewhere"))
    librispeech.transducer()
    assert set(created_jobs) == ids


def test_it_is_said_where_the_corpus_should_be(
    empty_corpus: pathlib.Path, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    (empty_corpus / "librispeech-lm-norm.txt.gz").unlink()
    with pytest.raises(ValueError, match="there is no .*librispeech-lm-norm.txt.gz.* LIBRISPEECH_TEXT"):
        librispeech.py()
    monkeypatch.setenv("LIBRISPEECH", str(tmp_path / "nowhere"))
    with pytest.raises(ValueError, match="there is no .*nowhere/train-clean-100"):
        librispeech.py()
    monkeypatch.delenv("LIBRISPEECH")
    with pytest.raises(ValueError, match="where is LibriSpeech"):
        librispeech.py()


def test_miniature_has_the_same_graph(empty_corpus: pathlib.Path) -> None:
    """The same outputs, but for the epochs recognised while training; nothing needs a GPU."""

    def without_epochs(prefix: str) -> set[str]:
        return {name.removeprefix(prefix) for name in registered() if "/epoch_" not in name}

    librispeech.mini()
    small = without_epochs("librispeech_mini/")
    assert not any(job.rqmt["gpu"] for job in jobs_of(TrainingJob))
    outputs.registered.clear()
    librispeech.py()
    assert without_epochs("librispeech/") == small


def networks() -> dict[str, nn.Network]:
    """All kinds of networks of the config, tiny."""
    models = Models(TINY)
    ctc, attention, transducer = models.ctc(LABELS), models.attention(LABELS), models.transducer(LABELS)
    language_models = models.language_models(LABELS)
    scales = {"language_model_scale": 0.3, "internal_scale": 0.1}
    return {
        "ctc": nn.Network(ctc),
        "ctc search": models.alignment_search(ctc),
        "attention": nn.Network(attention),
        "attention search": models.attention_search(attention),
        "transducer": nn.Network(transducer),
        "transducer search": models.alignment_search(transducer),
        "lstm": nn.Network(language_models["lstm"]),
        "transformer": nn.Network(language_models["transformer"]),
        "fusion": models.fused_search(attention, language_models["transformer"], **scales),
    }


@pytest.mark.xdist_group("both-engines")
@pytest.mark.parametrize("name", ["attention", "fusion"])
def test_networks(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """RETURNN computes what NumPy does, on the engines that are installed."""
    monkeypatch.setenv("DISABLE_CUDA", "1")
    network = networks()[name]
    random = numpy.random.default_rng(1)
    feeds: dict[str, Any] = {"data": (random.standard_normal((2, 18, TINY.mel)).astype("float32"), [18, 13])}
    if "classes" in network.extern_data:
        feeds["classes"] = (random.integers(1, LABELS.size, (2, 2)).astype("int32"), [2, 1])
    report = nn.check(network, feeds, gradients=False)
    assert report, report


def test_learning_rates() -> None:
    """Up to the peak in the first half, down to a hundredth of it at the end."""
    rates = one_cycle(101, 1e-3)
    assert rates[45] == pytest.approx(1e-3) and max(rates) == rates[45]
    assert rates[0] == pytest.approx(1e-4) and rates[-1] == pytest.approx(1e-5)
    assert rates[:46] == sorted(rates[:46]) and rates[45:] == sorted(rates[45:], reverse=True)
    assert len(one_cycle(1, 1e-3)) == 1
