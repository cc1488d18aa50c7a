"""What users call values, modules, states, outputs and losses, as names of RETURNN's layers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, TIME, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")


def greek_variables() -> nn.Tensor:
    α = nn.tanh(frames())
    β = α * 2.0
    return β + nn.exp(α) * α


def greek_states() -> nn.Tensor:
    loop = nn.Loop()
    loop.state.α, loop.state.β = vector(), vector()
    with loop:
        loop.state.α = nn.tanh(loop.state.α + loop.unstack(frames()) + loop.state.β)
        loop.state.β = loop.state.α * 0.5
        return loop.stack(loop.state.α)


def variable_called_none() -> nn.Tensor:
    none = nn.tanh(frames())
    return none + nn.exp(none)


class ModulesCalledNoneAndData(nn.Module):
    """Also an output that is a structure."""

    def __init__(self) -> None:
        super().__init__()
        self.none, self.data = nn.Linear(FEATURES, FEATURES), nn.Lstm(FEATURES, FEATURES)

    def forward(self) -> Any:
        return {"lstm": self.data(nn.tanh(self.none(frames()))), "b/c": vector()}


def names_with_signs() -> dict[str, nn.Tensor]:
    x = frames()
    return {"data": x * 2.0, "a:b": x * 3.0, "a b": x * 4.0, "_c": x * 5.0, "base:d": x * 6.0, "end": x * 7.0}


@pytest.mark.parametrize(
    "model",
    [greek_variables, greek_states, variable_called_none, ModulesCalledNoneAndData(), names_with_signs],
    ids=lambda model: getattr(model, "__name__", type(model).__name__),
)
def test_names(model: nn.Module | Callable[..., Any]) -> None:
    check_agreement(model, FEEDS, gradients=True)


def output_that_is_a_loss() -> dict[str, nn.Tensor]:
    y = nn.reduce_sum(nn.tanh(frames()))
    y.mark_as_loss("y")
    return {"y": y, "z": y * 2.0}


def output_that_is_a_loss_of_steps() -> dict[str, nn.Tensor]:
    with nn.Loop() as loop:
        y = nn.reduce_sum(nn.tanh(loop.unstack(frames())))
        y.mark_as_loss("y")
        return {"y": loop.stack(y)}


@pytest.mark.parametrize("model", [output_that_is_a_loss, output_that_is_a_loss_of_steps])
def test_one_value_is_output_and_loss(model: Callable[..., Any]) -> None:
    network = check_agreement(model, FEEDS, train=True).network
    layer = network.net_dict()["y"]
    assert layer["loss"] == "as_is" and layer["is_output_layer"]


def other_loss_of_the_name() -> dict[str, nn.Tensor]:
    y = nn.reduce_sum(frames(), axis=TIME)
    nn.reduce_sum(y).mark_as_loss("y")
    return {"y": y}


def loss_without_name() -> dict[str, nn.Tensor]:
    nn.reduce_sum(frames()).mark_as_loss()
    return {"reduce_sum": vector()}


@pytest.mark.parametrize("model", [other_loss_of_the_name, loss_without_name])
def test_loss_and_output_of_one_name_are_refused(model: Callable[..., Any]) -> None:
    with pytest.raises(nn.NetworkError, match="has the name of an output") as caught:
        nn.Network(model)
    line = next(
        n for n, code in enumerate(open(__file__), 1) if n > model.__code__.co_firstlineno and "mark_as" in code
    )
    assert str(caught.value).startswith(f"{__file__}:{line}: ")


@pytest.mark.parametrize("name", ["none", "x[0]", "x=1", "x%", "ä", "", "x\ny"])
def test_names_that_no_layer_can_have(name: str) -> None:
    with pytest.raises(nn.NetworkError, match="the name of an? (output|loss)") as caught:
        nn.Network(lambda: frames().mark_as_output(name))
    assert name == "" or repr(name) in str(caught.value)
    if name:
        with pytest.raises(nn.NetworkError, match="cannot be the name of a loss"):
            nn.Network(lambda: nn.reduce_sum(frames()).mark_as_loss(name))


def test_losses_have_no_slashes() -> None:
    with pytest.raises(nn.NetworkError, match="'a/b' cannot be the name of a loss"):
        nn.Network(lambda: nn.reduce_sum(frames()).mark_as_loss("a/b"))


def test_outputs_that_are_one_layer() -> None:
    with pytest.raises(nn.NetworkError, match="outputs 'a/b' and 'a_b' are both called 'a_b' in RETURNN"):
        nn.Network(lambda: {"a": {"b": frames()}, "a_b": frames() * 2.0})


def test_parameters_are_ascii() -> None:
    class Greek(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.α = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            return self.α(frames())

    with pytest.raises(nn.NetworkError, match="parameter 'α/W': .* ASCII.*self.alpha"):
        nn.Network(Greek())
