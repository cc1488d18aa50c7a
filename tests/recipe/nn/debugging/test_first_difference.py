"""``nn.check`` names the first value that differs, with the user's line and the step."""

from __future__ import annotations

import functools
from typing import Any

import numpy
import pytest

from jobs.check.made_up_data import made_up_feeds
from recipe import nn
from recipe.nn.debugging import comparison, first_difference, returnn_network
from recipe.nn.debugging.engines import ENGINES
from recipe.nn.debugging.gradients import engine_feeds
from recipe.nn.debugging.torch_values import VariableValues
from recipe.nn.ops.activation import Activation

from ..golden_networks import NETWORKS
from ..inputs import FEATURES, FEEDS, frames, other_frames, vector
from ..test_transducer import FEEDS as TRANSDUCER_FEEDS
from ..test_transducer import Transducer
from . import models
from .models import Tagger, line_of, needs_returnn

pytestmark = pytest.mark.xdist_group("returnn-1")


def test_first_difference_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first value in the order of the program, with its step, line and layer; what follows is wrong, too."""
    needs_returnn()
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, *x: compute(op, *x) + (0.1 if op.kind == "tanh" else numpy.float32(0))
    )
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert not report and report.first is not None
    assert [one.partition(": ")[0] for one in report.differences][:2] == ["loss ce", "output output"]
    assert (
        report.first.steps == (0,)
        and report.first.tensor.op.name == "tanh"
        and report.first.place.startswith("layer 'loop/")
    )
    assert report.first.source == (models.__file__, line_of("nn.tanh(self.cell(joined))", models.__file__))
    in_torch = report.engines["torch"].first
    assert in_torch is not None and in_torch.tensor is report.first.tensor and in_torch.steps == (0,)
    assert in_torch.place == "variable 'tanh'"
    text = str(report)
    assert text.count("first, in the order of the program:\n  tanh [batch, features=5] in step 0 of the loop over") == 2
    assert "first, in the order of the program:\n  tanh [batch, features=5] in step 0 of the loop over time: " in text
    assert "models.py:" in text and ": loop.state.h = nn.tanh(self.cell(joined))" in text


def test_first_difference_outside_of_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's variable and the module are named, and the place of the first number."""
    needs_returnn()
    compute = Activation.compute

    def wrong(op: Activation, x: numpy.ndarray) -> numpy.ndarray:
        y: numpy.ndarray = numpy.array(compute(op, x))
        y[1, 1, 2:] += 1.0
        return y

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Inner()

        def forward(self) -> nn.Tensor:
            return self.inner(frames())

    class Inner(nn.Module):
        def forward(self, x: nn.Tensor) -> nn.Tensor:
            energy = nn.exp(x)
            return nn.reduce_sum(energy, FEATURES)

    monkeypatch.setattr(Activation, "compute", wrong)
    report = nn.check(nn.Network(Model()), FEEDS)
    assert report.first is not None and report.first.steps == ()
    assert report.first.variable == "energy" and report.first.module_path == "inner"
    assert report.first.difference.place == (1, 1, 2)
    in_torch = report.engines["torch"].first
    assert in_torch is not None and in_torch.tensor is report.first.tensor and in_torch.place == "variable 'energy'"
    assert "energy <exp of inner [batch, time, features=5]>: " in str(report)
    assert "at sequence 1, time 1, features 2; 3 of 45 numbers differ" in str(report)


def test_values_that_have_no_layer_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow computes several functions in one layer: the report says which, with their lines. PyTorch does not."""
    needs_returnn()
    compute = Activation.compute
    monkeypatch.setattr(Activation, "compute", lambda op, *x: compute(op, *x) + (0.1 if op.kind == "tanh" else 0.0))

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            squashed = nn.tanh(loop.state.h + loop.unstack(frames()))
            loop.state.h = squashed * 0.5
            return loop.stack(loop.state.h)

    report = nn.check(nn.Network(model), FEEDS)
    assert report.first is not None and report.first.tensor.op.name == "mul"
    assert [tensor.op.variable for tensor in report.first.computed_with] == ["squashed"]
    assert f"computed together with squashed, line {line_of('squashed = nn.tanh(', __file__)}" in str(report)
    in_torch = report.engines["torch"].first
    assert in_torch is not None and in_torch.variable == "squashed" and in_torch.place == "variable 'squashed'"
    assert not in_torch.computed_with


def test_in_a_loop_in_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the steps of both; where the inner one makes other numbers of steps, by what it leads to."""
    needs_returnn()
    compute = Activation.compute
    monkeypatch.setattr(Activation, "compute", lambda op, *x: compute(op, *x) + (0.1 if op.kind == "tanh" else 0.0))

    def model(ends: bool) -> nn.Tensor:
        inner_layer, outer_layer = nn.Linear(FEATURES), nn.Linear(FEATURES)
        loop = nn.Loop()
        loop.state.s = vector()
        with loop:
            x = loop.unstack(frames())
            inner = nn.Loop()
            inner.state.t = loop.state.s
            with inner:
                y = inner.unstack(other_frames())
                inner.state.t = nn.tanh(inner_layer(inner.state.t)) * 0.5 + y
                if ends:
                    inner.end(inner.iter_idx >= loop.iter_idx)
            loop.state.s = nn.sigmoid(outer_layer(inner.state.t) + x)
            return loop.stack(loop.state.s)

    report = nn.check(nn.Network(lambda: model(False)), FEEDS)
    for one in report.engines.values():
        assert one.first is not None and one.first.steps == (0, 0), one.first
        assert "in step 0.0 of the loop over " in str(one.first)
        assert one.first.source.line == line_of("inner.state.t = nn.tanh(inner_layer(", __file__)
    report = nn.check(nn.Network(lambda: model(True)), FEEDS)
    later, in_torch = report.engines["tensorflow"].first, report.engines["torch"].first
    assert later is not None and later.steps == (1,) and later.tensor.op.name == "final_state"
    assert in_torch is not None and in_torch.steps == (0, 0) and in_torch.tensor.op.name == "tanh"


def test_in_the_steps_of_a_search(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each hypothesis; all values of a search that is right are the same."""
    needs_returnn()
    network = nn.Network(Transducer(), search=nn.BeamSearch(3, length_normalization=0.0))
    parameters = network.random_parameters(seed=3)
    run = nn.run_numpy(network, TRANSDUCER_FEEDS, parameters, trace=True)
    looked_at: list[float] = []

    def noted(*arguments: Any) -> Any:
        difference = comparison.compared(*arguments)
        looked_at.append(difference.distance)
        return difference

    monkeypatch.setattr(first_difference, "compared", noted)
    feeds = engine_feeds(run)
    for engine in ENGINES:
        looked_at.clear()
        arguments: Any = (network, parameters, feeds)
        look = functools.partial(first_difference.first_difference, network, run, engine=engine.short, tolerance=1e-4)
        assert engine.look_at_values(*arguments, look) is None
        assert len(looked_at) > 50 and max(looked_at) < 1e-5
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, *x: compute(op, *x) * (1.5 if op.kind == "log_sigmoid" else 1.0)
    )
    for one in nn.check(network, TRANSDUCER_FEEDS, parameters).engines.values():
        assert one.first is not None and one.first.steps == (0,) and one.first.tensor.op.name == "log_sigmoid"
        assert "at sequence 0, beam 0, " in str(one.first)


def test_values_that_leave_their_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """What PyTorch computes of all steps at once is compared step by step: of two loops, histories, constants."""
    needs_returnn()
    compute = Activation.compute

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim])
        with loop:
            x = loop.unstack(frames())
            seen = nn.cum_concat(x)
            powers = nn.exp(seen)
            fixed = nn.sigmoid(vector())
            inner = nn.Loop()
            inner.state.t = nn.zeros([nn.batch_dim])
            with inner:
                y = nn.cos(inner.unstack(other_frames())) * nn.sin(x)
                inner.state.t = inner.state.t * 0.5 + nn.reduce_sum(y, FEATURES)
            history = next(dim for dim in seen.dims if dim.name == "history")
            total = nn.reduce_sum(nn.reduce_sum(powers, history), FEATURES)
            loop.state.s = loop.state.s * 0.5 + total + inner.state.t + nn.reduce_sum(fixed, FEATURES)
            return loop.stack(loop.state.s)

    network = nn.Network(model)
    assert nn.check(network, FEEDS)
    for kind, steps in {"exp": (0,), "sigmoid": (), "cos": (0, 0), "sin": (0,)}.items():

        def wrong(op: Activation, *x: numpy.ndarray, kind: str = kind) -> Any:
            return compute(op, *x) + (0.1 if op.kind == kind else numpy.float32(0))

        with monkeypatch.context() as patch:
            patch.setattr(Activation, "compute", wrong)
            first = nn.check(network, FEEDS, engines=["torch"]).first
        assert first is not None and first.tensor.op.name == kind and first.steps == steps, (kind, first)


def test_padding_is_not_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """What differs in the padding alone is the same."""
    needs_returnn()
    compute = Activation.compute
    beyond = numpy.arange(4)[None, :, None] >= FEEDS["data"][1][:, None, None]
    monkeypatch.setattr(Activation, "compute", lambda op, x: numpy.where(beyond, 7.0, compute(op, x)))
    assert nn.check(nn.Network(lambda: nn.tanh(frames())), FEEDS)


def test_other_lengths_and_axes(monkeypatch: pytest.MonkeyPatch) -> None:
    needs_returnn()
    network = nn.Network(lambda: nn.pool(frames(), 2))
    layer = returnn_network.ReturnnNetwork.layer

    def other_lengths(self: Any, name: str, feeds: Any) -> Any:
        value = layer(self, name, feeds)
        return value._replace(lengths={name: lengths + 1 for name, lengths in value.lengths.items()})

    monkeypatch.setattr(returnn_network.ReturnnNetwork, "layer", other_lengths)
    assert "the lengths of time_by_2 are [2, 1, 2] in NumPy, [3, 2, 3] in TensorFlow" in str(nn.check(network, FEEDS))
    monkeypatch.setattr(
        returnn_network.ReturnnNetwork,
        "layer",
        lambda *args: layer(*args)._replace(value=layer(*args).value[:, :1], lengths={}),
    )
    assert "the shape is [3, 2, 5] in NumPy, [3, 1, 5] in TensorFlow" in str(nn.check(network, FEEDS))


def test_nan_in_one_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a difference as any other; the value that begins it is named."""
    needs_returnn()
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, x: compute(op, abs(x) if op.kind == "sqrt" else x)
    )  # as if NumPy took it of -x
    report = nn.check(nn.Network(lambda: nn.reduce_sum(nn.sqrt(vector()))), FEEDS)
    assert report.first is not None and report.not_finite is None
    for engine, short in (("tensorflow", "TensorFlow"), ("torch", "PyTorch")):
        assert f"nan in {short} at sequence " in str(report.engines[engine].first)


@pytest.mark.parametrize("name", ["rec_ff", "attention_training", "transformer_search", "transducer_training"])
def test_all_values_are_looked_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """On PyTorch each value but parameters and what an LSTM over all frames has no steps of; all are the same."""
    needs_returnn()
    network = NETWORKS[name]()
    feeds, parameters = made_up_feeds(network, 0), network.random_parameters(seed=1)
    run = nn.run_numpy(network, feeds, parameters, trace=True)
    unknown: list[Any] = []
    of = VariableValues.of

    def noted(values: VariableValues, tensor: nn.Tensor) -> Any:
        found = of(values, tensor)
        if found is None:
            unknown.append(tensor.op.name)
        return found

    monkeypatch.setattr(VariableValues, "of", noted)

    def look(values: Any) -> Any:
        return first_difference.first_difference(network, run, values, "PyTorch", 1e-4)

    assert ENGINES[1].look_at_values(network, parameters, engine_feeds(run), look) is None
    assert set(unknown) <= {"parameter", "lstm", "state"}, unknown
