"""Networks in NumPy and in RETURNN on made-up data: where they differ first."""

from __future__ import annotations

import importlib.util
import os
import pathlib
from typing import Any

import numpy
import pytest

from jobs.check.comparison import Difference, compare, engines_text, installed_engines
from jobs.check.made_up_data import made_up_feeds
from recipe import nn
from recipe.nn.debugging.gradients import made_up_parameters
from recipe.nn.debugging.torch_network import TorchNetwork
from recipe.nn.ops.activation import Activation
from recipe.nn.torch_code import rule

from ...recipe.models.small_model import small_model
from ...recipe.nn.test_transducer import Transducer

pytestmark = pytest.mark.xdist_group("returnn-1")
os.environ.setdefault("DISABLE_CUDA", "1")

NOTHING = "compared with nothing"
TIME, FEATURES, LABELS = nn.Dim(None, "time"), nn.Dim(4, "features"), nn.Dim(3, "labels")
DATA = nn.ExternData("data", [nn.batch_dim, TIME, FEATURES])
CLASSES = nn.ExternData("classes", [nn.batch_dim, TIME], sparse_dim=LABELS)


class Recurrent(nn.Module):
    """A loop with a loss, in which tanh stands in one line and sqrt in another."""

    def __init__(self, root: bool = False) -> None:
        super().__init__()
        self.linear = nn.Linear(FEATURES)
        self.output = nn.Linear(LABELS)
        self.root = root

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            joined = nn.concat(loop.unstack(nn.get_extern_data(DATA)), loop.state.h)
            loop.state.h = nn.tanh(self.linear(joined))
            logits = loop.stack(self.output(loop.state.h))
        if self.root:
            logits = logits + nn.sqrt(logits)
        nn.cross_entropy(logits, nn.get_extern_data(CLASSES)).mark_as_loss("ce")
        return nn.softmax(logits)


def line_of(text: str) -> int:
    """The number of the line of this file with that text."""
    lines = pathlib.Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_equal() -> None:
    """Training, search, states under a mask; a step of training is between the two steps."""
    assert compare(nn.Network(Recurrent())) < 1e-5
    assert compare(nn.Network(small_model(), search=nn.BeamSearch(3))) < 1e-4
    assert compare(nn.Network(Transducer())) < 1e-5


def test_difference_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the first value that differs, its line, and the layer."""
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, *x: compute(op, *x) + (0.1 if op.kind == "tanh" else numpy.float32(0))
    )
    with pytest.raises(Difference) as caught:
        compare(nn.Network(Recurrent()))
    message = str(caught.value)
    assert message.startswith("step 0: NumPy and RETURNN on TensorFlow differ:\n  loss ce: ")
    line = line_of("nn.tanh(self.linear(joined))\n".strip())
    assert "  tanh [batch, features=4] in step 0 of the loop over time: " in message
    assert f"{os.path.relpath(__file__)}:{line}: loop.state.h = nn.tanh(self.linear(joined))\n" in message
    assert "layer 'loop/" in message
    assert "\n  step 0: NumPy and RETURNN on PyTorch differ:\n  loss ce: " in message and "variable 'tanh'" in message


def test_difference_in_one_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of PyTorch alone: a value, a gradient against that of TensorFlow, and a failure with the user's line."""
    network = nn.Network(Recurrent())
    with monkeypatch.context() as patch:
        patch.setitem(rule._RULES, Activation, lambda op, code: f"torch.{op.kind}({code.of(op.inputs[0])}) + 0.1")
        with pytest.raises(Difference, match="^step 0: NumPy and RETURNN on PyTorch differ:") as caught:
            compare(network)
    assert "TensorFlow" not in str(caught.value) and "variable 'tanh'" in str(caught.value)
    with monkeypatch.context() as patch:
        patch.setitem(rule._RULES, Activation, lambda op, code: f"torch.{op.kind}({code.of(op.inputs[0])}, 1, 2, 3)")
        with pytest.raises(Difference, match="^RETURNN on PyTorch fails: TypeError: ") as caught:
            compare(network)
    assert f"test_comparison.py:{line_of('nn.tanh(self.linear(joined))')}: loop.state.h = " in str(caught.value)
    gradients = TorchNetwork.gradients

    def doubled(self: TorchNetwork, feeds: Any) -> dict[str, numpy.ndarray]:
        return {name: value * (2 if name == "linear/W" else 1) for name, value in gradients(self, feeds).items()}

    monkeypatch.setattr(TorchNetwork, "gradients", doubled)
    with pytest.raises(Difference, match=r"^step 0: the gradient of linear/W is \S+ in TensorFlow, \S+ in PyTorch$"):
        compare(network)


@pytest.mark.parametrize("engines", [["tensorflow"], ["torch"], []])
def test_one_engine(monkeypatch: pytest.MonkeyPatch, engines: list[str]) -> None:
    """A machine may have one of them alone, or none."""
    names = {"tensorflow": "RETURNN on TensorFlow", "torch": "RETURNN on PyTorch"}
    find = importlib.util.find_spec
    absent = set(names) - set(engines)
    monkeypatch.setattr("importlib.util.find_spec", lambda name, *rest: None if name in absent else find(name, *rest))
    assert [engine.name for engine in installed_engines()] == engines
    assert compare(nn.Network(Recurrent())) < 1e-5
    first, *others = engines_text().splitlines()
    assert first == ("compared: NumPy and " + " and ".join(names[one] for one in engines) if engines else NOTHING)
    assert others == [f'without {names[one]}: {one} is not installed, pip install ".[{one}]"' for one in sorted(absent)]


def test_not_a_number() -> None:
    """Told from NumPy's values, of which the first is named."""
    with pytest.raises(Difference, match="step 0: not finite: sqrt ") as caught, numpy.errstate(all="ignore"):
        compare(nn.Network(Recurrent(root=True)))
    assert f"test_comparison.py:{line_of('logits + nn.sqrt(logits)')}" in str(caught.value)


def test_untrained_parameter(monkeypatch: pytest.MonkeyPatch) -> None:
    from recipe.nn.debugging.returnn_network import ReturnnNetwork

    monkeypatch.setattr(ReturnnNetwork, "parameter_names", property(lambda self: {"linear/W"}))
    with pytest.raises(Difference, match="RETURNN on TensorFlow has no parameters linear/b, output/W, output/b"):
        compare(nn.Network(Recurrent()))


def test_made_up_data() -> None:
    """Ragged, other in each step, always the same; labels within their dim, few of them."""
    network = nn.Network(Recurrent())
    first, second, again = (made_up_feeds(network, step) for step in (0, 1, 0))
    value, lengths = first["data"]
    assert value.shape == (3, lengths.max(), 4) and len(set(lengths)) > 1
    assert (lengths == first["classes"][1]).all() and first["classes"][0].max() < 3
    numpy.testing.assert_array_equal(value, again["data"][0])
    assert value.shape != second["data"][0].shape or (value != second["data"][0]).any()
    parameters: dict[str, Any] = made_up_parameters(network)
    assert all(numpy.ptp(parameter) > 0 for parameter in parameters.values())


def test_parameters_that_are_not_trained() -> None:
    """They are given values as the others are, and gradients do not change them."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.recurrent, self.norm = Recurrent(), nn.BatchNorm(FEATURES)
            self.frozen = nn.Parameter([FEATURES], trainable=False)

        def forward(self) -> None:
            self.recurrent()
            x = self.norm(nn.get_extern_data(DATA)) + self.frozen
            nn.reduce_sum(x * x).mark_as_loss("square")

    assert compare(nn.Network(Model())) < 1e-5
