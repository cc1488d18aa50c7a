"""Values that networks get of jobs that have not run."""

from __future__ import annotations

import pickle
from typing import Any

from sisyphus import tk

from jobs.check.made_up_data import made_up_feeds
from jobs.check.made_up_values import MadeUpValues, MadeUpVariable
from recipe import nn

from ..empty_setup import setup as setup
from ..examples import CountJob


def network(labels: nn.Dim, *, scale: Any = 1.0, embedding: Any = None) -> nn.Network:
    """An embedding of labels."""
    data = nn.ExternData("data", [nn.batch_dim, nn.Dim(None, "time")], sparse_dim=labels)
    module = nn.Embedding(labels, 3)
    if embedding is not None:
        module.W.initial = nn.NumpyFile(embedding)
    return nn.Network(lambda: module(nn.get_extern_data(data)) * nn.constant(scale))


def test_sizes_labels_and_numbers() -> None:
    """Whatever fits; they can be sent to a process, and are gone in the end."""
    count, other = CountJob(7), CountJob(8)
    with MadeUpValues() as values:
        whole = network(nn.Dim(count.out_size, "labels", labels=count.out_labels), scale=count.out_scale)
        assert {one.get_path() for one in values.make_up(whole)} == {
            one.get_path() for one in (count.out_size, count.out_labels, count.out_scale)
        }
        (dim,) = (data.sparse_dim for data in whole.extern_data.values())
        assert dim is not None and dim.labels is not None and len(dim.labels) == dim.size == 24
        assert 0 < count.out_scale.get() < 1
        assert pickle.loads(pickle.dumps(count.out_size)).get() == 24
        assert made_up_feeds(whole, 0)["data"][0].max() < 24
        with_blank = network(nn.Dim(11, "labels", labels=other.out_labels + ["<blank>"]))
        assert values.make_up(with_blank) == [other.out_labels] and len(other.out_labels.get()) == 10
        assert values.make_up(network(nn.Dim(11, "again", labels=other.out_labels + ["<b>"]))) == [other.out_labels]
    assert not isinstance(count.out_size, MadeUpVariable) and not count.out_size.is_set()
    assert not vars(other.out_labels).keys() & {"made_up"}


def test_what_cannot_be_made_up() -> None:
    """A file, and what no value fits; nothing is left of what was tried."""
    count = CountJob(7)
    with MadeUpValues() as values:
        of_a_file = network(nn.Dim(7, "labels"), embedding=count.out_embedding)
        assert of_a_file.delayed and values.make_up(of_a_file) == []
        wrong = network(nn.Dim(3, "labels", labels=count.out_labels + ["<s>"]))
        assert values.make_up(wrong) == [] and type(count.out_labels) is tk.Variable
