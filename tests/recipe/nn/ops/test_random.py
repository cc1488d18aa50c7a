"""Random numbers, the flag and the step of training: the same shares in NumPy and in RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEEDS, TIME, frames
from ..returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-2")

MANY = nn.Dim(500, "many")


def two_draws() -> dict[str, nn.Tensor]:
    """Two times numbers [batch, time, many]."""
    dims = [nn.batch_dim, TIME, MANY]
    return {name: nn.random_uniform(dims, like=frames()) for name in ("one", "two")}


def test_numbers_between_0_and_1() -> None:
    network = nn.Network(two_draws)
    in_numpy = {name: result.value for name, result in nn.run_numpy(network, FEEDS).outputs.items()}
    in_returnn = {name: output.value for name, output in run_returnn(network, FEEDS).outputs.items()}
    for draws in (in_numpy, in_returnn):
        assert draws["one"].shape == (3, 4, 500) and draws["one"].dtype == "float32"
        assert draws["one"].min() >= 0.0 and draws["one"].max() < 1.0
        shares, _ = numpy.histogram(draws["one"], bins=10, range=(0.0, 1.0))
        numpy.testing.assert_allclose(shares / 6000, 0.1, atol=0.03)
        assert (draws["one"] != draws["two"]).mean() > 0.9
        assert (draws["one"][0] != draws["one"][1]).mean() > 0.9


def test_draws_in_a_branch_are_others() -> None:
    """Not those of the first draw outside of it."""

    def model() -> dict[str, nn.Tensor]:
        draws = two_draws()
        with nn.Cond(nn.train_flag()) as cond:
            cond.true = nn.random_uniform([nn.batch_dim, TIME, MANY], like=frames())
        with cond.false_branch():
            cond.false = draws["two"]
        return {**draws, "of_branch": cond.result}

    outputs = run_returnn(nn.Network(model), FEEDS, train=True).outputs
    for name in ("one", "two"):
        assert (outputs["of_branch"].value != outputs[name].value).mean() > 0.9


def test_repeated_with_the_same_step_and_seed() -> None:
    """No state is hidden anywhere: what a training that is continued draws does not depend on what was before."""
    network = nn.Network(two_draws)
    one, other = (run_returnn(network, FEEDS, seed=seed).outputs["one"].value for seed in (1, 2))
    numpy.testing.assert_array_equal(one, other)
    assert not run_returnn(network, FEEDS).parameters


@pytest.mark.parametrize("train", [False, True])
def test_train_flag(train: bool) -> None:
    network = nn.Network(lambda: nn.where(nn.train_flag(), frames(), 0.0))
    in_numpy = nn.run_numpy(network, FEEDS, train=train).outputs["output"].value
    in_returnn = run_returnn(network, FEEDS, train=train).outputs["output"].value
    expected = FEEDS["data"][0] * train
    numpy.testing.assert_array_equal(in_numpy, expected)
    numpy.testing.assert_array_equal(in_returnn, expected)


def test_in_loop() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            step = nn.cast(nn.train_step(), "float32")
            return loop.stack(nn.where(nn.train_flag(), 0.0, loop.unstack(frames())) + step)

    check_agreement(model, FEEDS)


def test_train_step() -> None:
    network = nn.Network(lambda: nn.where(nn.train_step() >= 3, frames(), 0.0))
    check_agreement(network, FEEDS)
    for step, factor in ((2, 0.0), (3, 1.0)):
        value = nn.run_numpy(network, FEEDS, train_step=step).outputs["output"].value
        numpy.testing.assert_array_equal(value, FEEDS["data"][0] * factor)


def test_wrong_use() -> None:
    def in_loop() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(nn.random_uniform([nn.batch_dim], like=loop.unstack(frames())))

    with pytest.raises(nn.NetworkError, match="make the numbers of all steps before the loop"):
        nn.Network(in_loop)
    with pytest.raises(nn.NetworkError, match=r"over \[other\], which .* has not"):
        nn.Network(lambda: nn.random_uniform([nn.batch_dim, nn.Dim(None, "other")], like=frames()))
