"""``nn.check`` where NumPy or an engine fails: told with the user's line, and not raised."""

from __future__ import annotations

import math
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.ops.activation import Activation
from recipe.nn.tf_layers.build import Build
from recipe.nn.torch_code import rule

from ..inputs import FEATURES, FEEDS, frames
from .models import line_of, needs_returnn

pytestmark = pytest.mark.xdist_group("returnn-1")


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
    line = line_of("return nn.reduce_mean(y, FEATURES)", __file__)
    assert f"test_failure.py:{line}: return nn.reduce_mean(y, FEATURES)" in failure
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
    assert f"test_failure.py:{line_of('bounded = nn.tanh(', __file__)}: bounded = nn.tanh(" in failure
    assert "in the layer 'add'" in failure


def test_numpy_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake of the interpreter names the op that it was at; what is wrong with feeds is raised as ever."""

    def fails(op: Activation, *x: numpy.ndarray) -> Any:
        return math.sqrt(-1.0)

    monkeypatch.setattr(Activation, "compute", fails)
    report = nn.check(nn.Network(lambda: nn.tanh(frames())), FEEDS)
    (failure,) = report.failures
    assert report.run is None and failure.startswith("NumPy fails: ValueError: ")
    assert "test_failure.py:" in failure and failure.endswith("computing tanh [batch, time, features=5]")
    with pytest.raises(nn.NetworkError, match="nothing was fed for input 'data'"):
        nn.check(nn.Network(frames), {})
    with pytest.raises(nn.NetworkError, match="check wants a Network, not"):
        nn.check(frames, {})  # type: ignore[arg-type]


def test_pytorch_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """While it is written, and while it runs: told with the user's line; the other engine is compared all the same."""
    needs_returnn()

    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            limited = nn.tanh(loop.state.h + loop.unstack(frames()))
            loop.state.h = limited * 0.5
            return loop.stack(loop.state.h)

    def fails(op: Any, code: Any) -> str:
        raise ValueError("no such function")

    line = f"test_failure.py:{line_of('limited = nn.tanh(loop', __file__)}: limited = nn.tanh(loop.state.h"
    for written, said in ((fails, "ValueError: no such function"), (lambda op, code: "torch.tanh(1)", "TypeError: ")):
        monkeypatch.setitem(rule._RULES, Activation, written)
        report = nn.check(nn.Network(model), FEEDS)
        (failure,) = report.failures
        assert not report and failure.startswith(f"RETURNN on PyTorch fails: {said}") and line in failure, failure
        assert f"RETURNN on PyTorch fails: {said}" in str(report)
        assert "same in NumPy and RETURNN on TensorFlow: output output; up to " in str(report)
