"""How a loop gets its length: the discussion's ``loop.end(y_ == EOS)``, ``include_eos``, and counters."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, Module, State

from ..inputs import FEATURES, FEEDS, LENGTHS, frames, vector
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-2")

batch = nn.batch_dim
LABELS = nn.Dim(3, "labels")
EOS = 0


class MyRec(Module):
    """Writes labels: the best one of each step goes into the next."""

    def __init__(self) -> None:
        super().__init__()
        self.h_linear = Linear(FEATURES, FEATURES)
        self.y_linear = Linear(FEATURES, LABELS)
        self.embed = nn.Embedding(LABELS, FEATURES)
        self.y = State(initial=1, shape={batch}, dtype="int32")
        self.h = State({batch, FEATURES}, initial=0)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """The label of the next step."""
        label = nn.cast(self.y.get(), "int32", sparse_dim=LABELS)
        self.h.assign(nn.tanh(self.h_linear(x + self.h.get()) + self.embed(label)))
        y = nn.argmax(self.y_linear(self.h.get()))
        self.y.assign(nn.cast(y, "int32"))
        return y


@pytest.mark.parametrize("include_eos", [True, False])
def test_end_condition(include_eos: bool) -> None:
    """``Loop(include_eos=True)``: the label that ends the loop is stacked, or not."""
    rec = MyRec()

    def model() -> dict[str, nn.Tensor]:
        x = vector()
        with Loop(include_eos=include_eos, max_seq_len=8) as loop:
            y_ = rec(x)
            y = loop.stack(y_)
            loop.end(y_ == EOS)
            h = loop.stack(rec.h.get() * nn.reduce_sum(rec.y_linear(rec.h.get())))
        return {"y": y, "h": h}

    outputs = check_trained(model).in_numpy.outputs
    (lengths,) = outputs["y"].lengths.values()
    for row, length in enumerate(lengths):
        labels = outputs["y"].value[row, :length]
        assert EOS not in labels[:-1]
        if length < 8:
            assert (labels[-1:] == EOS).all() if include_eos else EOS not in labels
    assert len(set(lengths)) > 1


def test_end_without_max_seq_len() -> None:
    """A condition alone is enough: it is a while loop."""

    def model() -> dict[str, nn.Tensor]:
        loop = Loop()
        loop.state.x = abs(nn.reduce_sum(vector())) + 0.1
        with loop:
            loop.state.x = loop.state.x * 2.0
            loop.end(loop.state.x > 100.0, include_eos=True)
            steps = loop.stack(loop.state.x)
        return {"steps": steps, "x": loop.state.x}

    outputs = check_trained(model).in_numpy.outputs
    assert (outputs["x"].value > 100).all() and (outputs["x"].value <= 200).all()


def test_counter() -> None:
    """``i = i + 1``; what is unstacked is used for its length alone. After the loop each sequence has its own count."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with Loop() as loop:
            loop.unstack(x)
            loop.state.i = loop.state.i + 1
            i = loop.stack(loop.state.i)
            last = loop.last(loop.state.i)
        return {"i": i, "last": last, "state": loop.state.i}

    outputs = check_trained(model).in_numpy.outputs
    assert list(outputs["i"].value) == [1, 2, 3, 4]
    assert list(outputs["last"].value) == list(outputs["state"].value) == list(LENGTHS)


def test_declared_in_the_loop() -> None:
    """``loop.state.i = State(shape=(), initial=0)``: an assignment that declares."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with Loop() as loop:
            loop.unstack(x)
            loop.state.i = State(shape=(), initial=0)
            loop.state.i = loop.state.i + 1
            return {"i": loop.stack(loop.state.i), "last": loop.last(loop.state.i)}

    outputs = check_trained(model).in_numpy.outputs
    assert outputs["i"].value.dtype == "int32"
    assert list(outputs["i"].value) == [1, 2, 3, 4]
    assert list(outputs["last"].value) == list(LENGTHS)


def test_number_as_initial_value() -> None:
    """A Python number, as in ``i = 0``."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        loop = Loop()
        loop.state.i = 0
        loop.state.scale = 1.0
        with loop:
            loop.state.i = loop.state.i + 1
            loop.state.scale = loop.state.scale * 0.5
            y = loop.stack(loop.unstack(x) * loop.state.scale * nn.cast(loop.state.i, "float32"))
        return {"y": y, "i": loop.state.i}

    value = check_trained(model).in_numpy.outputs["y"].value
    scale = numpy.array([(t + 1) * 0.5 ** (t + 1) for t in range(4)])
    numpy.testing.assert_allclose(value, FEEDS["data"][0] * scale[None, :, None], rtol=1e-5)


def test_axis_by_name_and_by_default() -> None:
    """Which axis is unstacked can be said; where only one has lengths, it need not be."""

    def model(axis: str | None) -> nn.Tensor:
        x = frames()
        with Loop() as loop:
            return loop.stack(loop.unstack(x, axis=axis) * 2.0)

    for axis in (None, "T", "time"):
        check_trained(model, axis=axis)


def test_unstack_of_what_the_body_computes_of_the_input() -> None:
    """A layer on the whole sequence may be written where it is unstacked; it depends on no step."""

    def model() -> dict[str, nn.Tensor]:
        linear = Linear(FEATURES)
        with Loop() as loop:
            y = loop.stack(nn.tanh(loop.unstack(linear(frames())) + 1.0))
        return {"y": y, "outside": nn.tanh(linear(frames()) + 1.0)}

    outputs = check_trained(model).in_numpy.outputs
    for one, other in zip(outputs["y"].sequences(), outputs["outside"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)
