"""``nn.check``: what it says of networks that are right, and of ones of which an engine computes something else."""

from __future__ import annotations

import math
import pathlib
import sys
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.debugging import comparison, first_difference, returnn_network
from recipe.nn.debugging.gradients import engine_feeds
from recipe.nn.ops.activation import Activation
from recipe.nn.tf_layers.build import Build

from ....without_returnn import is_left_out, skip
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames, other_frames, vector
from ..test_transducer import FEEDS as TRANSDUCER_FEEDS
from ..test_transducer import Transducer

pytestmark = pytest.mark.xdist_group("returnn-1")


class Tagger(nn.Module):
    """A loop with a state, and a loss."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.Linear(FEATURES)
        self.scores = nn.Linear(LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            joined = nn.concat(loop.unstack(frames()), loop.state.h)
            loop.state.h = nn.tanh(self.cell(joined))
            logits = loop.stack(self.scores(loop.state.h))
        nn.cross_entropy(logits, classes()).mark_as_loss("ce")
        return nn.softmax(logits)


def searched() -> nn.Tensor:
    output, embedding = nn.Linear(LABELS), nn.Embedding(LABELS, FEATURES)
    loop = nn.Loop(max_seq_len=4)
    loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
    with loop:
        loop.state.label = nn.choice(output(embedding(loop.state.label) + vector()))
        loop.end(loop.state.label == 0)
        return loop.stack(loop.state.label)


def line_of(text: str) -> int:
    """The number of the line of this file with that text."""
    lines = pathlib.Path(__file__).read_text().splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def needs_returnn() -> None:
    """Skips the rest where RETURNN is left out."""
    if is_left_out():
        skip()


def test_same() -> None:
    """Outputs, losses and gradients; and in a search the scores and labels."""
    needs_returnn()
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert report and report.ok and not report.notes, report
    assert report.compared == ["loss ce", "output output", "gradients of 4 parameters"]
    assert str(report).startswith(
        "same in NumPy and RETURNN on TensorFlow: loss ce, output output, gradients of 4 parameters; up to "
    )
    assert report.distance < 1e-5
    found = nn.check(nn.Network(searched, search=nn.BeamSearch(3)), FEEDS)
    assert found and found.compared == ["scores of hypotheses", "output output"], found


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
        report.first.steps == (0,) and report.first.tensor.op.name == "tanh" and report.first.layer.startswith("loop/")
    )
    assert report.first.source == (__file__, line_of("nn.tanh(self.cell(joined))\n".strip()))
    text = str(report)
    assert "first, in the order of the program:\n  tanh [batch, features=5] in step 0 of the loop over time: " in text
    assert "test_check.py:" in text and ": loop.state.h = nn.tanh(self.cell(joined))" in text


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
    assert "energy <exp of inner [batch, time, features=5]>: " in str(report)
    assert "at sequence 1, time 1, features 2; 3 of 45 numbers differ" in str(report)


def test_values_that_have_no_layer_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """RETURNN computes several functions in one layer: the report says which, with their lines."""
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
    assert f"computed in one layer with squashed, line {line_of('squashed = nn.tanh(')}" in str(report)


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

    first = nn.check(nn.Network(lambda: model(False)), FEEDS).first
    assert first is not None and first.steps == (0, 0) and "in step 0.0 of the loop over " in str(first)
    assert first.source.line == line_of("inner.state.t = nn.tanh(inner_layer(")
    later = nn.check(nn.Network(lambda: model(True)), FEEDS).first
    assert later is not None and later.steps == (1,) and later.tensor.op.name == "final_state"


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
    assert first_difference.first_difference(network, run, feeds, parameters, 1e-4) is None
    assert len(looked_at) > 50 and max(looked_at) < 1e-5
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, *x: compute(op, *x) * (1.5 if op.kind == "log_sigmoid" else 1.0)
    )
    first = nn.check(network, TRANSDUCER_FEEDS, parameters).first
    assert first is not None and first.steps == (0,) and first.tensor.op.name == "log_sigmoid"
    assert "at sequence 0, beam 0, " in str(first)


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
    assert "the lengths of time_by_2 are [2, 1, 2] in NumPy, [3, 2, 3] in RETURNN" in str(nn.check(network, FEEDS))
    monkeypatch.setattr(
        returnn_network.ReturnnNetwork,
        "layer",
        lambda *args: layer(*args)._replace(value=layer(*args).value[:, :1], lengths={}),
    )
    assert "the shape is [3, 2, 5] in NumPy, [3, 1, 5] in RETURNN" in str(nn.check(network, FEEDS))


def test_wrong_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Values are the same, and gradients are not."""
    needs_returnn()
    gradients = returnn_network.ReturnnNetwork.gradients

    def doubled(self: Any, feeds: Any) -> dict[str, numpy.ndarray]:
        return {name: value * (2 if name == "cell/W" else 1) for name, value in gradients(self, feeds).items()}

    monkeypatch.setattr(returnn_network.ReturnnNetwork, "gradients", doubled)
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert [one.partition(": ")[0] for one in report.differences] == ["gradient of cell/W"]
    assert report.first is None and not report.notes
    assert nn.check(nn.Network(Tagger()), FEEDS, gradients=False)


def test_not_finite() -> None:
    """Where the first NaN was made, in NumPy and in RETURNN alike; there are no gradients then."""
    needs_returnn()

    def model() -> nn.Tensor:
        root = nn.sqrt(vector())
        return nn.reduce_mean(root)

    report = nn.check(nn.Network(model), FEEDS)
    assert not report and report.not_finite is not None and report.not_finite.tensor.op.variable == "root"
    assert not report.differences and report.compared == ["output output"]
    text = str(report)
    assert text.startswith("not finite: root <sqrt [batch, features=5]> is nan at sequence 0, features ")
    assert f"test_check.py:{line_of('root = nn.sqrt(vector())')}: root = nn.sqrt(vector())\nsame in NumPy and" in text


def test_nan_in_one_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a difference as any other; the value that begins it is named."""
    needs_returnn()
    compute = Activation.compute
    monkeypatch.setattr(
        Activation, "compute", lambda op, x: compute(op, abs(x) if op.kind == "sqrt" else x)
    )  # as if NumPy took it of -x
    report = nn.check(nn.Network(lambda: nn.reduce_sum(nn.sqrt(vector()))), FEEDS)
    assert report.first is not None and report.not_finite is None
    assert "nan in RETURNN at sequence " in str(report.first)


def test_engine_that_fails_while_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with the user's line, and not raised."""
    needs_returnn()
    add = Build.add

    def wrong(build: Build, op: Any, layer_class: str, options: dict[str, Any], **name: Any) -> Any:
        layer = add(build, op, layer_class, options, **name)
        if layer_class == "reduce":
            layer.options["axis"] = "no_axis"
        return layer

    monkeypatch.setattr(Build, "add", wrong)

    def model() -> nn.Tensor:
        y = nn.tanh(frames())
        return nn.reduce_mean(y, FEATURES)

    report = nn.check(nn.Network(model), FEEDS)
    (failure,) = report.failures
    assert not report and failure.startswith("RETURNN on TensorFlow fails: ")
    assert (
        f"test_check.py:{line_of('return nn.reduce_mean(y, FEATURES)')}: return nn.reduce_mean(y, FEATURES)" in failure
    )
    assert "in the layer 'output'" in failure


def test_engine_that_fails_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """TensorFlow names its operation, which leads to the layer, also in a loop."""
    needs_returnn()
    add = Build.add

    def wrong(build: Build, op: Any, layer_class: str, options: dict[str, Any], **name: Any) -> Any:
        layer = add(build, op, layer_class, options, **name)
        if layer_class == "combine":
            function = "tf.debugging.check_numerics((source(0) + source(1)) / 0., 'no')"
            layer.options = {"class": "eval", "from": options["from"], "eval": function}
        return layer

    monkeypatch.setattr(Build, "add", wrong)

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            bounded = nn.tanh(loop.state.h + loop.unstack(frames()))
            loop.state.h = bounded * 0.5
            return loop.stack(loop.state.h)

    (failure,) = nn.check(nn.Network(model), FEEDS).failures
    message = "no : Tensor had Inf values"
    assert failure.startswith(f"RETURNN on TensorFlow fails: InvalidArgumentError: {message}")
    assert f"test_check.py:{line_of('bounded = nn.tanh(')}: bounded = nn.tanh(" in failure
    assert "in the layer 'add'" in failure


def test_numpy_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of the interpreter names the op that it was at; what is wrong with feeds is raised as ever."""

    def fails(op: Activation, *x: numpy.ndarray) -> Any:
        return math.sqrt(-1.0)

    monkeypatch.setattr(Activation, "compute", fails)
    report = nn.check(nn.Network(lambda: nn.tanh(frames())), FEEDS)
    (failure,) = report.failures
    assert report.run is None and failure.startswith("NumPy fails: ValueError: ")
    assert "test_check.py:" in failure and failure.endswith("computing tanh [batch, time, features=5]")
    with pytest.raises(nn.NetworkError, match="nothing was fed for input 'data'"):
        nn.check(nn.Network(frames), {})
    with pytest.raises(nn.NetworkError, match="check wants a Network, not"):
        nn.check(frames, {})  # type: ignore[arg-type]


def test_without_returnn(monkeypatch: pytest.MonkeyPatch) -> None:
    """NumPy alone is run; what is not finite is told all the same."""
    monkeypatch.setattr(returnn_network, "missing", lambda: "returnn")
    report = nn.check(nn.Network(Tagger()), FEEDS)
    assert report and str(report) == "run in NumPy alone: returnn is not installed"
    assert report.run is not None and "state h" in report.run.trace.arrays()  # type: ignore[union-attr]
    assert not nn.check(nn.Network(lambda: nn.sqrt(vector())), FEEDS)


def test_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Found without importing it."""
    monkeypatch.setitem(sys.modules, "returnn", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "returnn" else object())
    assert returnn_network.missing() == "returnn"


def test_random_numbers_are_told() -> None:
    network = nn.Network(lambda: vector() + nn.random_uniform([nn.batch_dim, FEATURES], like=vector()))
    assert "the network draws random numbers, which are others in each engine" in str(nn.check(network, FEEDS))


def test_equal_scores() -> None:
    """Hypotheses of equal scores may stand in another order, so their labels are not compared."""
    needs_returnn()

    def model() -> nn.Tensor:
        with nn.Loop(max_seq_len=3) as loop:
            loop.end(loop.iter_idx >= 1)
            scores = nn.zeros([nn.batch_dim, LABELS]) + nn.reduce_sum(vector())
            loop.stack(nn.choice(scores)).mark_as_output("labels")

    report = nn.check(nn.Network(model, search=nn.BeamSearch(3)), FEEDS)
    assert report and report.compared == ["scores of hypotheses"]
    assert "hypotheses of equal scores may stand in another order" in str(report)
