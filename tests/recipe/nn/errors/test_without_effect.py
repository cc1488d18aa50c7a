"""What would have no effect: blocks without `with`, options of training set on modules, feeds, losses to train on."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn

from ..inputs import FEATURES, FEEDS, LABELS, classes, frames, vector
from .wrong_programs import Wrong, check_error, check_warning, name_of, warnings_of


def false_branch_without_with() -> Any:
    state = nn.State(vector())
    with nn.Cond(nn.reduce_sum(vector()) > 0.0) as cond:
        state.assign(vector() + 1.0)
    cond.false_branch()  # MISTAKE
    state.assign(vector() - 1.0)
    return state.get()


def test_false_branch_without_with() -> None:
    check_error(Wrong(false_branch_without_with, ["`with cond.false_branch():`"]))


@pytest.mark.parametrize(
    "option,value,advice",
    [
        ("trainable", False, "module.freeze()"),
        ("requires_grad", False, "module.freeze()"),
        ("training", True, "nn.train_flag()"),
        ("weight_decay", 0.1, "module.train_with(weight_decay=0.1)"),
        ("learning_rate_factor", 2.0, "module.train_with(learning_rate_factor=2.0)"),
    ],
)
def test_options_of_training_are_no_attributes_of_modules(option: str, value: Any, advice: str) -> None:
    module = nn.Linear(FEATURES, LABELS)
    with pytest.raises(nn.NetworkError) as caught:
        setattr(module, option, value)
    assert advice in str(caught.value)


def test_modules_may_have_options_of_their_own() -> None:
    class Mine(nn.Module):
        """Has an option of this name."""

        def __init__(self, weight_decay: float):
            super().__init__()
            self.weight_decay = weight_decay

    module = Mine(0.1)
    module.weight_decay = 0.2
    assert module.weight_decay == 0.2


def test_feeds_that_are_no_inputs() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = vector()
        with loop:
            loop.state.h = loop.state.h + loop.unstack(frames())
            y = loop.stack(loop.state.h)
        return nn.Linear(LABELS)(y)

    network = nn.Network(model)
    feeds = {"data": FEEDS["data"], "vector": FEEDS["vector"]}
    with pytest.raises(nn.NetworkError, match="is a parameter, and no input"):
        nn.run_numpy(network, {**feeds, "linear/W": FEEDS["vector"]})
    with pytest.warns(nn.NetworkWarning, match="feeds have 'h', which is a state, and no input"):
        nn.run_numpy(network, {**feeds, "h": FEEDS["vector"]})
    with pytest.raises(nn.NetworkError, match=r"for input 'vector'.*\. 'vectro' is no input\n"):
        nn.run_numpy(network, {"data": FEEDS["data"], "vectro": FEEDS["vector"]})
    assert nn.run_numpy(network, FEEDS).outputs  # more than it reads


class Scores(nn.Module):
    """Base: has scores of labels."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(FEATURES, LABELS)


class Errors(Scores):
    """An error rate."""

    def forward(self) -> None:
        nn.frame_error(self.output(frames()), classes()).mark_as_loss("error")  # MISTAKE


class ErrorsInLoop(Scores):
    """One in a loop, by a state."""

    def forward(self) -> None:
        loop = nn.Loop()
        loop.state.errors = nn.zeros([nn.batch_dim])
        with loop:
            y = nn.argmax(self.output(loop.unstack(frames())))
            wrong = nn.cast(y != loop.unstack(classes()), "float32")
            loop.state.errors = loop.state.errors + wrong
        loop.state.errors.mark_as_loss("errors")  # MISTAKE


class Stopped(Scores):
    """A loss without its gradient."""

    def forward(self) -> None:
        loss = nn.cross_entropy(self.output(frames()), classes())
        nn.stop_gradient(loss).mark_as_loss("ce")  # MISTAKE


@pytest.mark.parametrize("model", [Errors, ErrorsInLoop, Stopped], ids=name_of)
def test_losses_without_gradient(model: Any) -> None:
    check_warning(Wrong(model, ["has no gradient for any parameter", "as_error=True"]))


class Right(Scores):
    """What has a gradient, or is not trained on."""

    def forward(self) -> None:
        scores = self.output(frames())
        nn.cross_entropy(scores, classes()).mark_as_loss("ce")
        nn.frame_error(scores, classes()).mark_as_loss("error", as_error=True)
        with nn.Loop() as loop:
            x = self.output(loop.unstack(frames()))
            loop.state.sum = loop.state.sum + nn.where(nn.argmax(x) == loop.unstack(classes()), nn.reduce_max(x), 0.0)
        loop.state.sum.mark_as_loss("sum")


def test_losses_with_gradient() -> None:
    assert not warnings_of(Right)
    assert not warnings_of(lambda: nn.reduce_sum(frames()).mark_as_loss("of_inputs"))


def test_values_of_parameters_are_no_attributes() -> None:
    module = nn.Linear(FEATURES, LABELS)
    with pytest.raises(nn.NetworkError, match="module.W.initial = ..., a number or nn.NumpyFile"):
        module.W = numpy.zeros((5, 7))  # type: ignore[assignment]
    module.W = nn.Parameter([FEATURES, LABELS])
    with pytest.raises(nn.NetworkError, match="'relu' cannot be called"):
        nn.Network(lambda: nn.Sequential(nn.Linear(FEATURES, FEATURES), "relu")(frames()))


def test_feeds_and_devices_of_other_kinds() -> None:
    network = nn.Network(lambda: nn.reduce_sum(frames()))
    with pytest.raises(nn.NetworkError, match='"cpu" or "gpu", not \'cuda\''):
        network.config_text("cuda")
    for function in (nn.run_numpy, nn.check):
        with pytest.raises(nn.NetworkError, match="feeds are arrays by the names of inputs"):
            function(network, None)  # type: ignore[arg-type]
