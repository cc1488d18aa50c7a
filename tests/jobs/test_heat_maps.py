"""Attention and alignments of real networks, computed in NumPy."""

from __future__ import annotations

import itertools
import json
import pathlib
from collections.abc import Callable
from typing import Any

import numpy
import pytest

from jobs.ctc_alignment import viterbi
from jobs.heat_maps import HeatMapsJob, feeds_of, heat_maps, in_random_order, soft_alignment
from jobs.pages.heat_map import read_heat_maps
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES
from recipe.models.ctc import CtcModel
from recipe.models.encoder import BidirectionalLstmEncoder
from recipe.models.sequence_to_sequence import SequenceToSequence
from recipe.models.transformer import TransformerDecoder, TransformerEncoder

from .configs.tiny import tiny_model
from .engines import WORDS, dataset, random_checkpoints


def _inputs(word: str, phones: str) -> dict[str, numpy.ndarray]:
    return {
        "data": numpy.array(LETTERS.encode(word), "int32"),
        "classes": numpy.array(PHONES.encode(phones.split()), "int32"),
    }


def _maps(model: nn.Module, arrays: dict[str, numpy.ndarray]) -> list[Any]:
    network = nn.Network(model)
    run = nn.run_numpy(network, feeds_of(network, arrays), network.random_parameters(3), trace=True)
    return heat_maps(network, run, arrays)


def test_job(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    network = nn.Network(tiny_model(dropout=0.5))
    checkpoint = random_checkpoints(tmp_path, network)["torch"]
    job = run_job(HeatMapsJob(network, checkpoint, dataset(tmp_path / "words.hdf", WORDS), num_examples=2))
    maps = dict(read_heat_maps(job.out_heat_maps.get_path()))
    assert len(maps) == 2 and set(maps) <= {f"word-{word}" for word in WORDS}
    for tag, (attention,) in maps.items():
        word = tag.removeprefix("word-")
        assert attention.title == "attention of decoder/attention" and attention.path == []
        assert attention.columns == list(word) and attention.rows == [*WORDS[word].split(), "</s>"]
        numpy.testing.assert_allclose(numpy.sum(attention.values, axis=1), 1.0, atol=2e-3)
    assert json.loads(pathlib.Path(job.out_heat_maps.get_path()).read_text())[0]["maps"]


def test_weights_are_those_of_the_model() -> None:
    """Attention of a network that gives its weights itself."""
    model = tiny_model()
    arrays = _inputs("cab", "K AE B </s>")
    (found,) = _maps(model, arrays)
    network = nn.Network(model)
    run = nn.run_numpy(network, feeds_of(network, arrays), network.random_parameters(3), trace=True)
    ((name, weights),) = run.trace.arrays(match="decoder/attention/softmax").items()
    numpy.testing.assert_allclose(found.values, weights[:, 0], err_msg=name)


def test_heads_are_averaged_and_self_attention_gives_way() -> None:
    letters, phones = (nn.Dim(one.size, name, labels=one.labels) for one, name in ((LETTERS, "in"), (PHONES, "out")))
    dim, hidden, heads = nn.Dim(4, "model"), nn.Dim(6, "hidden"), nn.Dim(2, "heads")
    model = SequenceToSequence(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones),
        TransformerEncoder(letters, dim, hidden, heads, num_layers=1),
        TransformerDecoder(phones, dim, hidden, heads, end_label=0, num_layers=2),
    )
    maps = _maps(model, _inputs("cab", "K AE B </s>"))
    assert len(maps) == 2 and all(one.title.endswith("mean of 2 heads") for one in maps)
    assert all(one.columns == list("cab") and one.rows == ["K", "AE", "B", "</s>"] for one in maps)
    for one in maps:
        numpy.testing.assert_allclose(numpy.sum(one.values, axis=1), 1.0, rtol=1e-5)


def test_alignment_of_ctc() -> None:
    letters, phones = (nn.Dim(one.size, name, labels=one.labels) for one, name in ((LETTERS, "in"), (PHONES, "out")))
    model = CtcModel(
        nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "letters_time")], sparse_dim=letters),
        nn.ExternData("classes", [nn.batch_dim, nn.Dim(None, "phones_time")], sparse_dim=phones),
        BidirectionalLstmEncoder(letters, nn.Dim(4, "embedding"), nn.Dim(5, "lstm")),
    )
    (found,) = _maps(model, _inputs("abbey", "AE B B"))
    assert found.rows == ["AE", "B", "B"] and len(found.columns) == 5
    assert [row for row, _ in found.path] == sorted(row for row, _ in found.path)
    assert {row for row, _ in found.path} == {0, 1, 2}
    assert _maps(model, _inputs("ab", "B B")) == [], "two frames cannot hold two equal labels"


def test_soft_alignment_is_the_sum_over_all_alignments() -> None:
    log_probs = numpy.random.default_rng(1).normal(size=(5, 4))
    log_probs -= numpy.logaddexp.reduce(log_probs, axis=1, keepdims=True)
    labels, blank = [1, 1, 2], 3
    sums: numpy.ndarray = numpy.zeros((3, 5))
    total = 0.0
    for path in itertools.product(range(4), repeat=5):
        found: list[int] = []
        positions = []
        for label, before in zip(path, (blank, *path)):
            found += [label] if label not in (blank, before) else []
            positions.append(len(found) - 1)
        if found == labels:
            probability = numpy.exp(sum(log_probs[frame, label] for frame, label in enumerate(path)))
            total += probability
            for frame, (label, position) in enumerate(zip(path, positions)):
                if label != blank:
                    sums[position, frame] += probability
    numpy.testing.assert_allclose(soft_alignment(log_probs, labels), sums / total)
    assert viterbi(log_probs, labels)[1] < numpy.log(total)


def test_order_of_datasets() -> None:
    one = {"class": "HDFDataset", "seq_ordering": "sorted"}
    both = {"class": "MetaDataset", "datasets": {"a": one, "b": one}, "seq_order_control_dataset": "b"}
    found = in_random_order(both)["datasets"]
    assert found == {"a": one, "b": {**one, "seq_ordering": "random"}} and one["seq_ordering"] == "sorted"
    assert in_random_order(one)["seq_ordering"] == "random" and in_random_order({"class": "x"}) == {"class": "x"}


def test_checkpoint_that_is_gone(tmp_path: pathlib.Path, run_job: Callable[[Any], Any]) -> None:
    network = nn.Network(tiny_model())
    checkpoint = random_checkpoints(tmp_path, network)["torch"]
    pathlib.Path(checkpoint.path.get_path()).unlink()
    with pytest.raises(FileNotFoundError, match="epoch.001"):
        run_job(HeatMapsJob(network, checkpoint, dataset(tmp_path / "words.hdf", WORDS)))
