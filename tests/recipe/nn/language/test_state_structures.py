"""States of several parts: tuples, named tuples, dicts, lists; the same in NumPy and RETURNN."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector
from .test_state import start

pytestmark = pytest.mark.xdist_group("returnn-2")


class Pair(NamedTuple):
    """A state of two tensors."""

    sum: nn.Tensor
    product: nn.Tensor


def test_named_tuple() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.pair = Pair(start(), nn.ones([nn.batch_dim, FEATURES]))
        with loop:
            x = loop.unstack(frames())
            loop.state.pair = Pair(loop.state.pair.sum + x, loop.state.pair.product * x)
            assert isinstance(loop.state.pair, Pair)
            steps = loop.stack(loop.state.pair.product)
        return {"steps": steps, "sum": loop.state.pair.sum, "product": loop.state.pair.product}

    check_agreement(model, FEEDS)


def test_nested_structure() -> None:
    """A dict of a tuple and a tensor, swapped in part."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.all = {"pair": (start(), vector()), "count": nn.zeros([nn.batch_dim])}
        with loop:
            state = loop.state.all
            x = loop.unstack(frames())
            one, two = state["pair"]
            loop.state.all = {"count": state["count"] + 1.0, "pair": (two, one + x)}
            steps = loop.stack(loop.state.all["pair"][0])
        last = loop.state.all
        return {"steps": steps, "one": last["pair"][0], "two": last["pair"][1], "count": last["count"]}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert list(outputs["count"].value) == list(LENGTHS)


def test_list_as_state() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.layers = [start(), vector()]
        with loop:
            x = loop.unstack(frames())
            new = []
            for layer in loop.state.layers:
                x = nn.tanh(x + layer)
                new.append(x)
            loop.state.layers = new
            return loop.stack(x)

    check_agreement(model, FEEDS)


def test_a_list_stays_a_list() -> None:
    """It is joined to lists and tuples, as is a tuple; what is read cannot be changed in place."""

    def model(start: Any, more: Any) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.last = start(vector() * number for number in (0.0, 1.0))
        with loop:
            x = loop.unstack(frames())
            read = loop.state.last
            assert isinstance(read, start)
            loop.state.last = read[1:] + more([x])
            assert isinstance(loop.state.last, start)
            return loop.stack(loop.state.last[0])

    digests = {nn.Network(model, start=a, more=b).digest for a in (list, tuple) for b in (list, tuple)}
    assert len(digests) == 1
    check_agreement(lambda: model(list, list), {"data": FEEDS["data"], "vector": FEEDS["vector"]})
