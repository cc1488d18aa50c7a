"""Ops that are joined compute what they computed apart."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn.ops.chain import Chain
from recipe.nn.ops.dropout import Dropout
from recipe.nn.ops.linear import LinearOp
from recipe.nn.passes.joins import join
from recipe.nn.program.program import Program

from ...models.small_model import small_feeds, small_model
from ...models.small_transformer import small_transformer
from ..inputs import FEATURES, FEEDS, frames


def check_join(network: nn.Network, feeds: dict, *, train: bool = False) -> Program:
    """Both must give the same, bit by bit."""
    joined = join(network)
    parameters = network.random_parameters()
    before, after = (nn.run_numpy(program, feeds, parameters, train=train) for program in (network, joined))
    assert before.losses == after.losses
    assert before.outputs.keys() == after.outputs.keys()
    for name, result in before.outputs.items():
        assert after.outputs[name].dims == result.dims
        numpy.testing.assert_array_equal(after.outputs[name].value, result.value)
    return joined


def ops_of(program: Program, kind: type) -> list:
    """The ops of a class that are computed."""
    return [op for op in program.all_ops() if isinstance(op, kind)]


@pytest.mark.parametrize("model", [small_model, small_transformer])
@pytest.mark.parametrize("search", [None, nn.BeamSearch(3)])
def test_models(model, search: nn.BeamSearch | None) -> None:
    network = nn.Network(model(), search=search)
    joined = check_join(network, small_feeds())
    assert len(list(joined.all_ops())) < len(list(network.all_ops()))


def test_dropout_goes_to_its_only_reader() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, 3)

        def forward(self) -> nn.Tensor:
            return self.linear(nn.dropout(frames(), 0.5))

    joined = check_join(nn.Network(Model()), FEEDS, train=True)
    assert not ops_of(joined, Dropout) and ops_of(joined, LinearOp)[0].dropout == 0.5


def test_dropout_with_two_readers_stays() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear, self.other = nn.Linear(FEATURES, 3), nn.Linear(FEATURES, 3)

        def forward(self) -> nn.Tensor:
            x = nn.dropout(frames(), 0.5)
            return self.linear(x) + self.other(x)

    joined = check_join(nn.Network(Model()), FEEDS, train=True)
    assert len(ops_of(joined, Dropout)) == 1


@pytest.mark.parametrize("function", [nn.tanh, nn.softmax, nn.log_softmax, nn.relu, nn.swish])
def test_activation_goes_to_its_linear(function) -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, 3)

        def forward(self) -> nn.Tensor:
            return function(self.linear(frames()))

    joined = check_join(nn.Network(Model()), FEEDS)
    assert [op.activation for op in ops_of(joined, LinearOp)] == [function.__name__]
    assert [type(op) for op in joined.all_ops() if op.name == function.__name__] == []


def test_softmax_over_another_axis_stays() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, 3)

        def forward(self) -> nn.Tensor:
            return nn.softmax_over_spatial(self.linear(frames()))

    joined = check_join(nn.Network(Model()), FEEDS)
    assert ops_of(joined, LinearOp)[0].activation is None


def test_functions_of_one_value_are_one_chain() -> None:
    def model() -> nn.Tensor:
        x = frames()
        return 1.0 - nn.exp(-2.0 * nn.tanh(x / 3.0 + 1.0) ** 2) // 0.1

    joined = check_join(nn.Network(model), FEEDS)
    (chain,) = ops_of(joined, Chain)
    kinds = ["truediv", "add", "tanh", "pow", "mul", "exp", "floordiv", "sub"]
    assert [link.kind for link in chain.links] == kinds and len(list(joined.all_ops())) == 2


def test_value_that_is_read_twice_is_no_part_of_a_chain() -> None:
    def model() -> nn.Tensor:
        x = nn.tanh(frames() * 2.0)
        return (x + 1.0) * (x - 1.0)

    joined = check_join(nn.Network(model), FEEDS)
    assert [[link.kind for link in chain.links] for chain in ops_of(joined, Chain)] == [["mul", "tanh"]]


def test_states_and_results_keep_what_they_are_of() -> None:
    def model() -> dict:
        with nn.Loop() as loop:
            x = loop.unstack(frames())
            loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
            doubled = x * 2.0
            loop.state.s = nn.tanh(doubled) + loop.state.s
            y = loop.stack(doubled)
        return {"y": y, "s": loop.state.s}

    check_join(nn.Network(model), FEEDS)
