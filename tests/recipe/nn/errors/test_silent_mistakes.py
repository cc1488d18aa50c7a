"""What would change nothing, or something else than is written, is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from recipe import nn

from ..inputs import FEEDS, TIME, classes, frames, vector


def fraction() -> nn.Tensor:
    return nn.cast(classes() / 2, "float32")


def share_of_steps() -> nn.Tensor:
    return nn.cast(nn.train_step() / 1000, "float32") * vector()


def place_in_the_sequence() -> nn.Tensor:
    return nn.range_over(TIME, like=frames()) / nn.length(TIME, like=frames())


@pytest.mark.parametrize("model", [fraction, share_of_steps, place_in_the_sequence])
def test_fractions_of_whole_numbers(model: Callable[[], nn.Tensor]) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(model)
    message = str(caught.value)
    assert message.startswith(f"{__file__}:{model.__code__.co_firstlineno + 1}: ")
    assert "nn.cast(x, 'float32') / y for fractions, x // y for whole numbers" in message


@pytest.mark.parametrize(
    "option,value,words",
    [
        ("requires_grad", False, "It is called trainable"),
        ("weightdecay", 0.1, "Did you mean 'weight_decay'?"),
        ("weight", 3, "has no option 'weight'"),
    ],
)
def test_options_that_a_parameter_has_not(option: str, value: Any, words: str) -> None:
    parameter = nn.Parameter([3, 4])
    with pytest.raises(nn.NetworkError) as caught:
        setattr(parameter, option, value)
    assert words in str(caught.value) and str(caught.value).startswith(f"{__file__}:")


def test_the_result_of_a_condition_is_not_set() -> None:
    def model() -> nn.Tensor:
        with nn.Cond(nn.reduce_sum(vector()) > 0.0) as cond:
            cond.result = vector()
        return vector()

    with pytest.raises(nn.NetworkError, match=r"set cond.true = y in the first one, cond.false = z in"):
        nn.Network(model)


@pytest.mark.parametrize("what", ["a list", "parameters"])
def test_parameters_that_are_no_arrays_by_name(what: str) -> None:
    network = nn.Network(lambda: nn.Linear(3)(vector()))
    given: Any = [1.0] if what == "a list" else network.parameters
    with pytest.raises(nn.NetworkError, match=r"arrays by name, such as network.random_parameters\(\)"):
        nn.run_numpy(network, {"vector": FEEDS["vector"]}, given)


def test_attributes_of_branches_carry_nothing() -> None:
    def of_cond() -> nn.Tensor:
        with nn.Cond(nn.reduce_sum(vector()) > 0.0) as cond:
            cond.value = vector()  # type: ignore[attr-defined]
        return vector()

    def of_mask() -> None:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.MaskedComputation(nn.reduce_sum(frame) > 0.0) as masked:
                masked.result = frame  # type: ignore[attr-defined]

    with pytest.raises(nn.NetworkError, match="a Cond has no 'value': .* cond.true = y in the first one"):
        nn.Network(of_cond)
    with pytest.raises(nn.NetworkError, match="a MaskedComputation has no 'result': .* read after the block as it is"):
        nn.Network(of_mask)


def test_dims_to_add_are_a_list() -> None:
    with pytest.raises(nn.NetworkError, match="dims come as a list"):
        nn.Network(lambda: nn.expand(vector(), 5))  # type: ignore[arg-type]
