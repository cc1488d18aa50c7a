"""Random numbers, the flag and the step of training: the same shares in NumPy and in RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, TIME, frames, vector
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


def test_normal() -> None:
    """Shares of a normal distribution, and one number has nothing to do with the next: on a sequence, and in steps."""

    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            loop.unstack(frames())
            steps = loop.stack(nn.random_normal([nn.batch_dim, MANY]))
        return {"steps": steps, "sequence": nn.random_normal([nn.batch_dim, TIME, MANY], like=frames())}

    network = nn.Network(model)
    bounds = numpy.array([-numpy.inf, -2.0, -1.0, 0.0, 1.0, 2.0, numpy.inf])
    expected = numpy.array([0.02275, 0.13591, 0.34134, 0.34134, 0.13591, 0.02275])
    for run in (nn.run_numpy(network, FEEDS), run_returnn(network, FEEDS)):
        for name, output in run.outputs.items():
            value = output.value
            assert value.dtype == "float32" and numpy.isfinite(value).all()
            shares = numpy.histogram(value, bins=bounds)[0] / value.size
            numpy.testing.assert_allclose(shares, expected, atol=0.03, err_msg=name)
            numpy.testing.assert_allclose(
                numpy.corrcoef(value[..., :-1].ravel(), value[..., 1:].ravel())[0, 1], 0.0, atol=0.05
            )
            assert len(numpy.unique(value)) > 0.99 * value.size, f"{name} draws numbers more than once"


class InSteps(nn.Module):
    """Draws in the steps of loops, also scalars; without saying what has their axes."""

    def forward(self) -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = nn.zeros([nn.batch_dim, MANY])
        with outer:
            x = outer.unstack(frames())
            one, two = (nn.random_uniform([nn.batch_dim, MANY], like=like) for like in (None, x))
            number = nn.random_uniform([])
            with nn.Loop() as inner:
                drawn = nn.random_uniform([nn.batch_dim, MANY]) + 0.0 * nn.reduce_sum(inner.unstack(frames()))
                of_inner = inner.stack(drawn)
                outer.state.s = drawn
            steps = {"one": one, "two": two, "number": number, "last": outer.state.s}
            means = nn.reduce_mean(of_inner, of_inner.spatial_dim)
            stacked = outer.stack({**steps, "means": means})
        pooled = nn.pool(frames(), 2).spatial_dim
        stacked["root"] = nn.random_uniform([nn.batch_dim, TIME, MANY])
        stacked["pooled"] = nn.random_uniform([nn.batch_dim, pooled, MANY], like=nn.pool(frames(), 2))
        return stacked


def test_other_numbers_in_each_step() -> None:
    network = nn.Network(InSteps())
    in_numpy = {name: result.value for name, result in nn.run_numpy(network, FEEDS).outputs.items()}
    run = run_returnn(network, FEEDS)
    in_returnn = {}
    for name, output in run.outputs.items():
        wanted = [dim.name for dim in dict(network.outputs)[name].dims]
        in_returnn[name] = output.value if len(wanted) < 2 or output.dims[0] == "batch" else output.value.swapaxes(0, 1)
    for draws in (in_numpy, in_returnn):
        for name in ("one", "two", "last", "root", "pooled"):
            numpy.testing.assert_allclose(draws[name].mean(), 0.5, atol=0.03, err_msg=name)
            numpy.testing.assert_allclose(draws[name].std(), 12**-0.5, atol=0.03, err_msg=name)
            assert draws[name].min() >= 0.0 and draws[name].max() < 1.0
            assert len(numpy.unique(draws[name])) > 0.99 * draws[name].size, f"{name} draws numbers more than once"
        assert (draws["one"] != draws["two"]).mean() > 0.99 and (draws["one"] != draws["last"]).mean() > 0.99
        assert len(set(draws["number"])) == 4
        # of 4, 2 and 3 steps of the inner loop, which have numbers of their own
        deviations = draws["means"][:, :2].std(axis=(1, 2))
        numpy.testing.assert_allclose(deviations, (12.0 * numpy.array([4, 2, 3])) ** -0.5, rtol=0.15)
    again = run_returnn(network, FEEDS, seed=3).outputs
    for name, output in run.outputs.items():
        numpy.testing.assert_array_equal(again[name].value, output.value)


def test_gradient_through_a_sample() -> None:
    """A step that adds noise to a state, and keeps it where the state is great."""

    class Noisy(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop()
            loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                h = nn.tanh(self.linear(loop.state.h) + loop.unstack(frames()))
                with nn.MaskedComputation(mask=nn.reduce_sum(h) > 0.0):
                    noise = 1e-7 * nn.random_uniform([nn.batch_dim, FEATURES])
                    loop.state.h = h + noise
                (h * h).mark_as_loss("square")
                return loop.stack(loop.state.h)

    run = check_agreement(Noisy(), FEEDS, train=True, gradients=True).in_returnn
    assert numpy.abs(run.gradients["linear/W"]).max() > 0


def test_in_a_search() -> None:
    """All hypotheses of a sequence see the numbers of the step."""

    class Sampled(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

        def forward(self) -> nn.Tensor:
            loop = nn.Loop(max_seq_len=4)
            loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
            with loop:
                noise = 1e-7 * nn.random_uniform([nn.batch_dim, FEATURES])
                scores = self.output(self.embedding(loop.state.label) + vector() + noise)
                loop.state.label = nn.choice(scores, search=nn.BeamSearch(3))
                loop.end(loop.state.label == 0)
                return loop.stack(loop.state.label)

    check_agreement(Sampled(), FEEDS)


def test_wrong_use() -> None:
    with pytest.raises(nn.NetworkError, match=r"over \[other\], which .* has not"):
        nn.Network(lambda: nn.random_uniform([nn.batch_dim, nn.Dim(None, "other")], like=frames()))
    with pytest.raises(nn.NetworkError, match="no tensor has it here"):
        nn.Network(lambda: nn.random_uniform([nn.batch_dim, nn.Dim(None, "other")]) + nn.reduce_sum(vector()))
