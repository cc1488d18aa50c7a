"""The first example of the discussion in all its spellings: ``h = linear(x_lin + h)`` in each step."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn import Linear, Loop, Module, State

from ..agreement import Agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, frames
from .training import check_trained

pytestmark = pytest.mark.xdist_group("returnn-1")

batch = nn.batch_dim
dim = nn.Dim(4, "dim")
X, LENGTHS_OF_X = FEEDS["data"]


def python_loop(parameters: dict[str, numpy.ndarray], first: str, second: str, h: Any = 0.0) -> list[numpy.ndarray]:
    """The pseudo code that the discussion starts from: the list of ``h`` of each sequence."""
    outputs = []
    for row, length in zip(X, LENGTHS_OF_X):
        h_, out = numpy.zeros(4) + h, []
        for t in range(length):
            x_lin = row[t] @ parameters[f"{first}/W"] + parameters[f"{first}/b"]
            h_prev = h_
            h_ = (x_lin + h_prev) @ parameters[f"{second}/W"] + parameters[f"{second}/b"]
            out.append(h_)
        outputs.append(numpy.array(out))
    return outputs


def assert_is_python_loop(run: Agreement, first: str, second: str, h: float = 0.0) -> None:
    """Compares ``out`` and each last value with the pseudo code."""
    expected = python_loop(run.in_returnn.parameters, first, second, h)
    outputs = run.in_numpy.outputs
    for row, sequence in zip(outputs["out"].sequences(), expected):
        numpy.testing.assert_allclose(row, sequence, rtol=1e-4, atol=1e-5)
    for name in set(outputs) - {"out"}:
        numpy.testing.assert_allclose(outputs[name].value, [row[-1] for row in expected], rtol=1e-4, atol=1e-5)


def test_state_with_get_and_assign() -> None:
    """The layers made where they are used; the last state by ``last`` and by reading the state after the loop."""

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        h = State({batch, dim}, initial=0)
        with Loop() as loop:
            x_t = loop.unstack(x)

            x_lin = Linear(dim)(x_t)
            h_prev = h.get()
            h_ = Linear(dim)(x_lin + h_prev)
            h.assign(h_)

            out = loop.stack(h_)
            h_last = loop.last(h_)
        return {"out": out, "h_last": h_last, "h": h.get()}

    run = check_trained(model)
    assert_is_python_loop(run, "linear", "linear_2")


class MyRec(Module):
    """The module of the first post, which holds its state."""

    def __init__(self) -> None:
        super().__init__()
        self.x_linear = Linear(dim)
        self.h_linear = Linear(dim)
        self.h = State({batch, dim}, initial=0)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        """One step: [batch, features] to [batch, dim]."""
        x_lin = self.x_linear(x)
        h_prev = self.h.get()
        h = self.h_linear(x_lin + h_prev)
        self.h.assign(h)
        return h


def test_module_with_a_state_as_attribute() -> None:
    rec = MyRec()

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            x_t = loop.unstack(frames())
            h_ = rec(x_t)
            h = loop.last(h_)
            out = loop.stack(h_)
        return {"out": out, "h": h, "state": rec.h.get()}

    run = check_trained(model)
    assert_is_python_loop(run, "my_rec/x_linear", "my_rec/h_linear")


def test_initial_state_by_assign_before_the_loop() -> None:
    """``assign`` outside gives the initial value: there is no special ``init``."""
    rec = MyRec()

    def model() -> dict[str, nn.Tensor]:
        rec.h.assign(nn.constant(0.7, [batch, dim]))
        with Loop() as loop:
            x_ = loop.unstack(frames())
            y_ = rec(x_)
            y = loop.stack(y_)
        return {"out": y, "state": rec.h.get()}

    run = check_trained(model)
    assert_is_python_loop(run, "my_rec/x_linear", "my_rec/h_linear", h=0.7)


def test_attribute_of_the_loop_state() -> None:
    """The final spelling: no State object, ``loop.state.h`` is a variable."""

    def model() -> dict[str, nn.Tensor]:
        loop = Loop()
        loop.state.h = nn.zeros({batch, dim})
        with loop:
            x_lin = Linear(dim)(loop.unstack(frames()))
            loop.state.h = Linear(dim)(x_lin + loop.state.h)
            out = loop.stack(loop.state.h)
        return {"out": out, "h": loop.state.h}

    run = check_trained(model)
    assert_is_python_loop(run, "linear", "linear_2")


def test_rec_ff() -> None:
    """The first implemented version, as it stands there: state without initial value, layer made in the loop."""

    def model() -> nn.Tensor:
        x = nn.get_extern_data("data")
        with Loop() as loop:
            x_ = loop.unstack(x, axis="T")
            loop.state.h = y_ = Linear(n_out=13)([x_, loop.state.h])
            y = loop.stack(y_)
        return y

    from ..inputs import FRAMES

    run = check_trained(model, extern_data=[FRAMES])
    parameters = run.in_returnn.parameters
    assert {name: value.shape for name, value in parameters.items()} == {
        "linear/W": (FEATURES.size + 13, 13),
        "linear/b": (13,),
    }
    for row, length in enumerate(LENGTHS):
        h = numpy.zeros(13)
        for t in range(length):
            h = numpy.concatenate([X[row, t], h]) @ parameters["linear/W"] + parameters["linear/b"]
            numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value[row, t], h, rtol=1e-4, atol=1e-5)


def test_two_loops_one_after_the_other() -> None:
    """One module with a state in two loops: two while loops over one variable, the second goes on from the first."""
    rec = MyRec()
    back = Linear(FEATURES)

    def model() -> dict[str, nn.Tensor]:
        rec.h.assign(nn.constant(0.7, [batch, dim]))
        with Loop() as loop:
            x_ = loop.unstack(frames())
            y_ = rec(x_)
            y = loop.stack(y_)
        between = rec.h.get()
        z = back(y)
        with Loop() as loop:
            x_ = loop.unstack(z)
            y_ = rec(x_)
            y = loop.stack(y_)
        return {"y": y, "between": between, "z": z, "end": rec.h.get()}

    run = check_trained(model)
    p, outputs = run.in_returnn.parameters, run.in_numpy.outputs
    for row, length in enumerate(LENGTHS):
        h = outputs["between"].value[row]
        for t in range(length):
            x_lin = outputs["z"].value[row, t] @ p["my_rec/x_linear/W"] + p["my_rec/x_linear/b"]
            h = (x_lin + h) @ p["my_rec/h_linear/W"] + p["my_rec/h_linear/b"]
        numpy.testing.assert_allclose(outputs["end"].value[row], h, rtol=1e-3, atol=1e-4)


def test_several_modules_in_a_loop() -> None:
    """The loop needs no name from a module: two different ones stand in it."""
    rec1, rec2 = MyRec(), MyRec()

    def model() -> dict[str, nn.Tensor]:
        with Loop() as loop:
            y1_ = rec1(loop.unstack(frames()))
            y2_ = rec2(y1_)
            y = loop.stack(y2_)
        return {"y": y, "h1": rec1.h.get(), "h2": rec2.h.get()}

    run = check_trained(model)
    assert sorted({name.split("/")[0] for name in run.in_returnn.parameters}) == ["my_rec", "my_rec_2"]


def test_input_that_is_the_same_in_each_step() -> None:
    """Whether the input of a module comes from inside or outside of the loop makes no difference."""
    rec = MyRec()

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with Loop() as loop:
            frame = loop.unstack(x)
            y_ = rec(nn.reduce_mean(x, "T"))
            y = loop.stack(y_ * nn.reduce_sum(frame))
        return {"y": y, "h": rec.h.get()}

    check_trained(model)


def test_module_called_without_a_loop() -> None:
    """It is one step on the initial state, and the next call the next step, as in Python."""
    rec = MyRec()

    def model() -> dict[str, nn.Tensor]:
        x = nn.reduce_mean(frames(), "T")
        return {"one": rec(x), "two": rec(x), "state": rec.h.get()}

    run = check_trained(model)
    outputs = run.in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["state"].value, outputs["two"].value)
    assert (outputs["one"].value != outputs["two"].value).all()


def test_unstack_without_a_loop() -> None:
    def model() -> nn.Tensor:
        return Loop().unstack(frames())

    with pytest.raises(nn.NetworkError, match="belongs inside of `with nn.Loop"):
        nn.Network(model)


def test_step_module_on_a_whole_sequence() -> None:
    """It opens no loop by itself: the state would get a time axis, which is told."""

    with pytest.raises(nn.NetworkError, match=r"state 'h' has the dims \[batch, dim=4\].*\[batch, time, dim=4\]"):
        nn.Network(lambda: MyRec()(frames()))


def test_stateless_module_in_a_loop_is_the_module_on_the_sequence() -> None:
    mod = Linear(dim)

    def model() -> dict[str, nn.Tensor]:
        x = frames()
        with Loop() as loop:
            x_ = loop.unstack(x)
            y_ = mod(x_)
            y = loop.stack(y_)
        return {"loop": y, "sequence": mod(x)}

    outputs = check_trained(model).in_numpy.outputs
    for one, other in zip(outputs["loop"].sequences(), outputs["sequence"].sequences()):
        numpy.testing.assert_allclose(one, other, rtol=1e-5)


class EncDec(Module):
    """The module that runs an encoder and then opens a loop in its call."""

    def __init__(self) -> None:
        super().__init__()
        self.enc = Linear(FEATURES)
        self.dec = MyRec()

    def forward(self) -> dict[str, nn.Tensor]:
        """All steps and the last one."""
        x = self.enc(frames())
        with Loop() as loop:
            h_ = self.dec(loop.unstack(x))
            h = loop.last(h_)
            out = loop.stack(h_)
        return {"out": out, "h": h}


def test_encoder_and_a_loop_in_one_module() -> None:
    check_trained(EncDec())
    assert sorted(nn.Network(EncDec()).parameters) == [
        "dec/h_linear/W",
        "dec/h_linear/b",
        "dec/x_linear/W",
        "dec/x_linear/b",
        "enc/W",
        "enc/b",
    ]


@pytest.mark.parametrize("added", ["number", "frame"])
def test_variables_of_python_are_no_states(added: str) -> None:
    """``y = y + 1`` in the body: a loop cannot carry a name of Python on, and says so."""

    def model() -> nn.Tensor:
        y = nn.zeros([batch, FEATURES])
        with Loop() as loop:
            frame = loop.unstack(frames())
            y = y + (1.0 if added == "number" else frame)
            return loop.stack(y * frame)

    with pytest.warns(nn.NetworkWarning, match="a loop does not carry Python variables on"):
        nn.Network(model)


def test_last_takes_no_number_of_frames() -> None:
    """``loop.last(y, n=2)`` was refused: a window, and then its last value."""
    window = nn.Window(FEATURES, 2)

    def model() -> nn.Tensor:
        loop = Loop()
        loop.state.window = window.initial_state()
        with loop:
            two, loop.state.window = window(loop.unstack(frames()), loop.state.window)
            return loop.last(two)

    value = check_trained(model).in_numpy.outputs["output"].value
    for row, length in enumerate(LENGTHS):
        numpy.testing.assert_array_equal(value[row], X[row, length - 2 : length].reshape(-1))
