"""Jobs that run a trained network give the same files on both engines, with real RETURNN."""

from __future__ import annotations

import json
import math
import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest
from sisyphus import tk

from jobs.checkpoint import Checkpoint
from jobs.checkpoint_values import read_checkpoint
from jobs.forward import ForwardJob
from jobs.hypotheses import read_hypotheses
from jobs.prior import PriorJob
from jobs.rescoring import RescoringJob
from jobs.search import SearchJob
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES

from .configs.everything import Logits
from .configs.tiny import tiny_model
from .conftest import RunJob
from .engines import (
    OPTIONS,
    WITH_EMPTY_WORD,
    WORDS,
    assert_same_hdf,
    assert_same_hypotheses,
    dataset,
    hdf_content,
    random_checkpoints,
    text,
)

pytestmark = [pytest.mark.xdist_group("both-engines"), pytest.mark.usefixtures("warm_returnn")]
pytest.importorskip("tensorflow", reason="runs both engines")
pytest.importorskip("torch", reason="runs both engines")


def test_search(word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]]) -> None:
    network = nn.Network(tiny_model(), search=nn.BeamSearch(3), max_seq_len=6)
    jobs = on_both_engines(
        network, lambda given: SearchJob(network, given, word_data, seconds_per_frame=0.1, config=OPTIONS)
    )
    found = assert_same_hypotheses(*(job.out_hypotheses for job in jobs))
    assert set(found) == {f"word-{word}" for word in WORDS} and all(len(items) == 3 for items in found.values())
    assert len({item.labels for items in found.values() for item in items}) > 3
    for job in jobs:
        assert (job.out_num_seqs.get(), job.out_beam_size.get()) == (4, 3)
        seconds = job.out_search_time.get()
        assert seconds > 0 and math.isclose(job.out_rtf.get(), seconds / (0.1 * 10))
        assert text(job.out_trn) == text(jobs[0].out_trn) and text(job.out_ctm) == text(jobs[0].out_ctm)


@pytest.mark.parametrize("words", [WITH_EMPTY_WORD, {"": ""}])
def test_words_without_letters(words: dict[str, str], run_job: RunJob, tmp_path: pathlib.Path) -> None:
    """On PyTorch, also where there are no others; in NumPy they are the same."""
    network = nn.Network(tiny_model(), search=nn.BeamSearch(3), max_seq_len=6)
    checkpoint = random_checkpoints(tmp_path, network)["torch"]
    job = run_job(SearchJob(network, checkpoint, dataset(tmp_path / "words.hdf", words), config=OPTIONS))
    found = read_hypotheses(job.out_hypotheses.get_path())
    assert set(found) == {f"word-{word}" for word in words}
    lengths = numpy.array([len(word) for word in words])
    letters = numpy.zeros((len(words), lengths.max()), "int32")
    for row, word in zip(letters, words):
        row[: len(word)] = LETTERS.encode(word)
    run = nn.run_numpy(network, {"data": (letters, lengths)}, read_checkpoint(checkpoint))
    sequences = run.outputs["output"].sequences()
    for number, word in enumerate(words):
        wanted = [tuple(PHONES.decode(labels)) for labels in sequences[3 * number : 3 * number + 3]]
        assert [item.labels for item in found[f"word-{word}"]] == wanted, word
        numpy.testing.assert_allclose(
            [item.score for item in found[f"word-{word}"]], run.beam_scores[number], rtol=1e-4
        )


class TwoSearches(nn.Module):
    """
    Phones of each letter, and a second search.

    :param reads: whether that reads what the first one found, so that each of its hypotheses continues one of those
    """

    def __init__(self, reads: bool):
        super().__init__()
        model = tiny_model()
        self.source, self.target, self.reads = model.source, model.target, reads
        features = nn.Dim(4, "features")
        assert self.source.sparse_dim is not None and self.target.sparse_dim is not None
        self.letters = nn.Embedding(self.source.sparse_dim, features)
        self.phones = nn.Embedding(self.target.sparse_dim, features)
        self.first, self.second = (nn.Linear(self.target.sparse_dim) for _ in range(2))

    def forward(self) -> dict[str, nn.Tensor]:
        """The labels of both."""
        assert self.target.sparse_dim is not None
        start = nn.constant(0, [nn.batch_dim], sparse_dim=self.target.sparse_dim)
        letters = nn.get_extern_data(self.source)
        loop = nn.Loop()
        loop.state.label = start
        with loop:
            x = self.letters(loop.unstack(letters)) + self.phones(loop.state.label)
            loop.state.label = nn.choice(self.first(nn.tanh(x)), search=nn.BeamSearch(3))
            labels = loop.stack(loop.state.label)
        summary = nn.reduce_sum(self.phones(labels) if self.reads else self.letters(letters), labels.spatial_dim)
        loop = nn.Loop(max_seq_len=4)
        loop.state.label = start
        with loop:
            x = summary + self.phones(loop.state.label) + 0.3 * nn.cast(loop.iter_idx, "float32")
            loop.state.label = nn.choice(self.second(nn.tanh(x)), search=nn.BeamSearch(2, length_normalization=0.5))
            loop.end(loop.state.label == 0)
            others = loop.stack(loop.state.label)
        return {"output": others, "labels": labels}


@pytest.mark.parametrize("reads", [False, True])
def test_two_searches(reads: bool, word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]]) -> None:
    """Those of the second one; where it reads the first one, each hypothesis of that is continued."""
    network = nn.Network(TwoSearches(reads))
    jobs = on_both_engines(network, lambda given: SearchJob(network, given, word_data, config=OPTIONS))
    found = assert_same_hypotheses(*(job.out_hypotheses for job in jobs))
    assert {len(items) for items in found.values()} == {6 if reads else 2}


@pytest.mark.parametrize("what", ["last", "three"])
def test_searches_of_few_labels(
    what: str, word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]]
) -> None:
    """One label of each hypothesis, and as many of each."""

    class Model(TwoSearches):
        def forward(self) -> dict[str, nn.Tensor]:
            """The last label, or labels along an axis that has no lengths."""
            assert self.target.sparse_dim is not None
            letters = nn.get_extern_data(self.source)
            summary = nn.reduce_sum(self.letters(letters), letters.spatial_dim)
            loop = nn.Loop(axis=nn.Dim(3, "three"))
            loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=self.target.sparse_dim)
            with loop:
                x = summary + self.phones(loop.state.label)
                loop.state.label = nn.choice(self.first(nn.tanh(x)), search=nn.BeamSearch(3))
                labels = loop.stack(loop.state.label)
            return {"output": labels if what == "three" else loop.state.label}

    network = nn.Network(Model(False))
    jobs = on_both_engines(network, lambda given: SearchJob(network, given, word_data, config=OPTIONS))
    found = assert_same_hypotheses(*(job.out_hypotheses for job in jobs))
    assert {len(item.labels) for items in found.values() for item in items} == {3 if what == "three" else 1}


class Outputs(nn.Module):
    """Outputs of many kinds."""

    def __init__(self) -> None:
        super().__init__()
        model = tiny_model()
        self.source, self.target = model.source, model.target
        assert self.source.sparse_dim is not None and self.target.sparse_dim is not None
        self.features, self.heads = nn.Dim(3, "features"), nn.Dim(2, "heads")
        self.embedding = nn.Embedding(self.source.sparse_dim, self.features * self.heads)
        self.output = nn.Linear(self.target.sparse_dim)

    def forward(self) -> dict[str, nn.Tensor]:
        """By name."""
        letters = nn.get_extern_data(self.source)
        time = letters.spatial_dim
        x = self.embedding(letters)
        heads = nn.split_dims(x, [self.heads, self.features], axis=x.feature_dim)
        logits = self.output(x)
        return {
            "letters": letters,
            "x": x,
            "log_probs": nn.log_softmax(logits),
            "best": nn.argmax(logits),
            "numbers": nn.reduce_sum(x, x.feature_dim),
            "positive": nn.reduce_sum(x, x.feature_dim) > 0.0,
            "sum": nn.reduce_sum(x, time),
            "heads": heads,
            "sums/of_heads": nn.reduce_sum(heads, time),
        }


def test_forward(on_both_engines: Callable[..., list[Any]], tmp_path: pathlib.Path) -> None:
    """Also of a word without letters."""
    network, words = nn.Network(Outputs()), dataset(tmp_path / "words.hdf", WITH_EMPTY_WORD)
    jobs = on_both_engines(network, lambda given: ForwardJob(network, given, words, config=OPTIONS))
    assert set(jobs[0].out_hdf_files) == set(jobs[1].out_hdf_files) == {name for name, _ in network.outputs}
    for name, path in jobs[0].out_hdf_files.items():
        assert_same_hdf(path, jobs[1].out_hdf_files[name])
    content = hdf_content(jobs[1].out_hdf_files["log_probs"])
    assert content["inputs"].shape == (10, PHONES.size) and len(content["seqTags"]) == 5


@pytest.mark.parametrize("input_type", ["logits", "log_prob", "prob"])
def test_prior(input_type: str, word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]]) -> None:
    class Scores(Logits):
        def forward(self) -> nn.Tensor:
            """As they are asked for."""
            logits = super().forward()
            return {"logits": logits, "log_prob": nn.log_softmax(logits), "prob": nn.softmax(logits)}[input_type]

    network = nn.Network(Scores(tiny_model()))
    jobs = on_both_engines(
        network, lambda given: PriorJob(network, given, word_data, input_type=input_type, config=OPTIONS)
    )
    wanted, found = (json.loads(text(job.out_prior_json_file)) for job in jobs)
    assert list(found) == list(wanted) == list(PHONES.labels)
    numpy.testing.assert_allclose(list(found.values()), list(wanted.values()), rtol=1e-4)
    logs = [numpy.loadtxt(job.out_prior_txt_file.get_path()) for job in jobs]
    numpy.testing.assert_allclose(logs[1], logs[0], rtol=1e-4)


@pytest.mark.parametrize("end_label", ["</s>", None])
def test_rescoring(
    end_label: str | None, word_data: dict[str, Any], on_both_engines: Callable[..., list[Any]], tmp_path: Any
) -> None:
    """Also of a hypothesis without labels."""
    lines = []
    for word, phones in WORDS.items():
        others = [phones.split(), [], ["K", "AE"]]
        items = [{"labels": labels, "score": -number} for number, labels in enumerate(others)]
        lines.append(json.dumps({"seq_tag": f"word-{word}", "hypotheses": items}))
    (tmp_path / "hypotheses.jsonl").write_text("\n".join(lines) + "\n")
    hypotheses = tk.Path(str(tmp_path / "hypotheses.jsonl"))
    network = nn.Network(tiny_model(label_smoothing=0.1))

    def job(given: Checkpoint) -> RescoringJob:
        return RescoringJob(network, given, hypotheses, word_data, end_label=end_label, config=OPTIONS)

    jobs = on_both_engines(network, job)
    assert_same_hypotheses(*(job.out_hypotheses for job in jobs))
    wanted, found = (json.loads(text(job.out_score_changes)) for job in jobs)
    assert found == pytest.approx(wanted, rel=1e-4)
