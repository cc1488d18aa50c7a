"""States: read and assigned as Python variables are (rules L2, L3, L8); the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, classes, frames, other_frames, vector

pytestmark = pytest.mark.xdist_group("returnn-2")

X = FEEDS["data"][0]
ZERO = numpy.zeros(5, "float32")


def start() -> nn.Tensor:
    """Zeros [batch, features]."""
    return nn.zeros([nn.batch_dim, FEATURES])


def test_several_assignments_per_step() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = start()
        with loop:
            loop.state.s = loop.state.s + loop.unstack(frames())
            between = loop.state.s
            loop.state.s = loop.state.s * 0.5
            loop.state.s = loop.state.s + 1.0
            return {"between": loop.stack(between), "end": loop.stack(loop.state.s)}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    s = ZERO
    for step in range(LENGTHS[0]):
        s = s + X[0, step]
        numpy.testing.assert_allclose(outputs["between"].value[0, step], s, rtol=1e-5)
        s = s * 0.5 + 1.0
        numpy.testing.assert_allclose(outputs["end"].value[0, step], s, rtol=1e-5)


def test_overwritten_without_being_read() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = start()
        with loop:
            previous = loop.state.s
            loop.state.s = previous * 100.0
            loop.state.s = loop.unstack(frames())
            steps = loop.stack(previous)
        return {"steps": steps, "last": loop.state.s}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["steps"].value[0, 1:], X[0, :3])


def test_delay_line() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.one = start()
        loop.state.two = start()
        with loop:
            loop.state.two = loop.state.one
            loop.state.one = loop.unstack(frames())
            steps = loop.stack(loop.state.two)
        return {"steps": steps, "one": loop.state.one, "two": loop.state.two}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    numpy.testing.assert_array_equal(outputs["steps"].value[0], [ZERO, X[0, 0], X[0, 1], X[0, 2]])
    for index, length in enumerate(LENGTHS):
        numpy.testing.assert_array_equal(outputs["one"].value[index], X[index, length - 1])
        numpy.testing.assert_array_equal(outputs["two"].value[index], X[index, length - 2])


def test_longer_delay_line() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.a, loop.state.b, loop.state.c = start(), start(), vector()
        with loop:
            total = loop.state.a + 2.0 * loop.state.b + 3.0 * loop.state.c
            loop.state.c, loop.state.b, loop.state.a = loop.state.b, loop.state.a, loop.unstack(frames())
            return loop.stack(total)

    check_agreement(model, FEEDS)


def test_swap() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = vector()
        loop.state.b = start()
        with loop:
            loop.unstack(frames())
            loop.state.a, loop.state.b = loop.state.b, loop.state.a
            steps = loop.stack(loop.state.a)
        return {"steps": steps, "a": loop.state.a, "b": loop.state.b}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    v = FEEDS["vector"][0]
    numpy.testing.assert_array_equal(outputs["steps"].value[0], [ZERO, v, ZERO, v])


def test_one_value_into_two_states() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.a = start()
        loop.state.b = vector()
        with loop:
            value = nn.tanh(loop.state.a + 0.5 * loop.state.b + loop.unstack(frames()))
            loop.state.a = loop.state.b = value
            steps = loop.stack(value)
        return {"steps": steps, "a": loop.state.a, "b": loop.state.b}

    check_agreement(model, FEEDS)


def test_never_assigned_is_a_constant() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.scale = vector()
        with loop:
            return loop.stack(loop.unstack(frames()) * loop.state.scale)

    with pytest.warns(nn.NetworkWarning, match="state 'scale' is read in the loop, but never assigned"):
        network = nn.Network(model)
    outputs = check_agreement(network, FEEDS).in_numpy.outputs
    expected = X * FEEDS["vector"][:, None]
    numpy.testing.assert_allclose(outputs["output"].value, expected, rtol=1e-6)


def test_never_read() -> None:
    def model() -> nn.Tensor:
        loop = nn.Loop()
        loop.state.last_positive = start()
        with loop:
            loop.state.last_positive = nn.relu(loop.unstack(frames()))
        return loop.state.last_positive

    check_agreement(model, FEEDS)


def test_input_itself_as_state() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.frame = start()
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            frame, label = loop.state.frame, loop.state.label
            loop.state.frame, loop.state.label = loop.unstack(frames()), loop.unstack(classes())
            return {"frame": loop.stack(frame), "label": loop.stack(label)}

    check_agreement(model, FEEDS)


def test_initial_value_from_the_encoder() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Linear(FEATURES, FEATURES)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            loop.state.s = nn.tanh(self.first(nn.reduce_mean(frames(), "T")))
            with loop:
                loop.state.s = 0.5 * loop.state.s + loop.unstack(frames())
                steps = loop.stack(loop.state.s)
            return {"steps": steps, "last": loop.state.s}

    check_agreement(Model(), FEEDS)


def test_reset_to_a_constant() -> None:
    """Assigned is a value from outside of the loop."""

    def model() -> dict[str, nn.Tensor]:
        outer = vector()
        loop = nn.Loop()
        loop.state.s = start()
        loop.state.t = start()
        with loop:
            steps = loop.stack(loop.state.s + loop.state.t + loop.unstack(frames()))
            loop.state.s = outer
            loop.state.t = nn.ones([nn.batch_dim, FEATURES])
        return {"steps": steps, "s": loop.state.s, "t": loop.state.t}

    check_agreement(model, FEEDS)


def test_counter() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.i = nn.constant(0)
        loop.state.per_sequence = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            loop.unstack(frames())
            loop.state.i = loop.state.i + 1
            loop.state.per_sequence = loop.state.per_sequence + 2
            steps = loop.stack(loop.state.i)
        return {"steps": steps, "per_sequence": loop.state.per_sequence}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    assert list(outputs["per_sequence"].value) == [2 * length for length in LENGTHS]


def test_bool_state() -> None:
    """Whether there was a positive sum so far."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.seen = nn.zeros([nn.batch_dim], dtype="bool")
        with loop:
            loop.state.seen = loop.state.seen | (nn.reduce_sum(loop.unstack(frames())) > 0.5)
            steps = loop.stack(loop.state.seen)
        return {"steps": steps, "last": loop.state.seen}

    check_agreement(model, FEEDS)


def test_state_with_another_axis() -> None:
    """Attention weights summed over the steps: a state [batch, time]."""

    keys_time = nn.Dim(None, "keys_time")

    def model() -> dict[str, nn.Tensor]:
        keys = nn.get_extern_data(nn.ExternData("keys", [nn.batch_dim, keys_time, FEATURES]))
        loop = nn.Loop()
        loop.state.coverage = nn.reduce_sum(keys) * 0.0
        with loop:
            energy = nn.dot(keys, loop.unstack(frames()), reduce=FEATURES) - loop.state.coverage
            loop.state.coverage = loop.state.coverage + nn.softmax_over_spatial(energy)
        return {"coverage": loop.state.coverage}

    check_agreement(model, {**FEEDS, "keys": (FEEDS["other"][0][:, :3], numpy.array([3, 1, 2], "int32"))})


def test_state_object_on_its_own() -> None:
    def model() -> dict[str, nn.Tensor]:
        state = nn.State({nn.batch_dim, FEATURES}, initial=0.5)
        with nn.Loop() as loop:
            state.assign(state.get() * 0.5 + loop.unstack(frames()))
            steps = loop.stack(state.get())
        return {"steps": steps, "last": state.get()}

    check_agreement(model, FEEDS)


def test_state_object_in_the_loop_state() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        with loop:
            loop.state.i = nn.State([], initial=0)
            loop.state.h = nn.State([nn.batch_dim, FEATURES], initial=0.0)
            loop.state.i = loop.state.i + 1
            loop.state.h = loop.state.h + loop.unstack(frames()) * nn.cast(loop.state.i, "float32")
            steps = loop.stack(loop.state.h)
        return {"steps": steps, "last": loop.state.h}

    check_agreement(model, FEEDS)


def test_state_object_of_a_module() -> None:
    """Two calls of a module that holds a state, in one step and in two loops: one state."""

    class Accumulator(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.total = nn.State([nn.batch_dim, FEATURES], initial=1.0)

        def forward(self, x: nn.Tensor) -> nn.Tensor:
            self.total.assign(self.total.get() * 0.5 + x)
            return self.total.get()

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.accumulator = Accumulator()

        def forward(self) -> dict[str, nn.Tensor]:
            with nn.Loop() as first:
                self.accumulator(first.unstack(frames()))
                one = first.stack(self.accumulator(first.unstack(other_frames())))
            with nn.Loop() as second:
                two = second.stack(self.accumulator(second.unstack(frames())))
            return {"one": one, "two": two, "total": self.accumulator.total.get()}

    check_agreement(Model(), FEEDS)


def test_state_object_read_and_assigned_outside() -> None:
    def model() -> dict[str, nn.Tensor]:
        state = nn.State(initial=vector())
        before = state.get()
        state.assign(before * 2.0)
        with nn.Loop() as loop:
            state.assign(state.get() + loop.unstack(frames()))
        after = state.get()
        state.assign(after * 3.0)
        return {"before": before, "after": after, "end": state.get()}

    check_agreement(model, FEEDS)


class RecurrentFeedForward(nn.Module):
    """The discussion's ``test_rec_ff``: a state without initial value."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(n_out=13)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            x_ = loop.unstack(frames(), axis="T")
            loop.state.h = y_ = self.linear([x_, loop.state.h])
            return loop.stack(y_)


def test_without_initial_value() -> None:
    """It starts at zero, with the shape of what is assigned to it."""
    run = check_agreement(RecurrentFeedForward(), FEEDS)
    parameters = run.in_returnn.parameters
    h = numpy.zeros((3, 13), "float32")
    for step in range(max(LENGTHS)):
        h = numpy.concatenate([X[:, step], h], axis=1) @ parameters["linear/W"] + parameters["linear/b"]
        alive = numpy.array(LENGTHS) > step
        numpy.testing.assert_allclose(run.in_numpy.outputs["output"].value[alive, step], h[alive], rtol=1e-4)


def test_without_initial_value_in_a_sum() -> None:
    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            loop.state.s = loop.unstack(frames()) + nn.tanh(loop.state.s)
            steps = loop.stack(loop.state.s)
        return {"steps": steps, "last": loop.state.s}

    check_agreement(model, FEEDS)


def test_two_without_initial_value() -> None:
    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.one, self.two = nn.Linear(4), nn.Linear(3)

        def forward(self) -> nn.Tensor:
            with nn.Loop() as loop:
                x = loop.unstack(frames())
                loop.state.a = nn.tanh(self.one([x, loop.state.b]))
                loop.state.b = nn.tanh(self.two([loop.state.a, x]))
                return loop.stack(loop.state.b)

    check_agreement(Model(), FEEDS)


def test_consecutive_loops_hand_a_state_on() -> None:
    def model() -> dict[str, nn.Tensor]:
        first = nn.Loop()
        first.state.s = start()
        with first:
            first.state.s = 0.5 * first.state.s + first.unstack(frames())
        second = nn.Loop()
        second.state.s = first.state.s
        with second:
            second.state.s = 0.5 * second.state.s + second.unstack(other_frames())
        return {"first": first.state.s, "second": second.state.s}

    check_agreement(model, FEEDS)


@pytest.mark.filterwarnings("ignore:state 'scale' is read")
def test_computed_from_a_state_that_is_never_assigned() -> None:
    """What depends on no step is stacked, carried and returned all the same."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.scale = vector()
        loop.state.s = start()
        with loop:
            loop.unstack(frames())
            loop.state.s = nn.tanh(loop.state.scale)
            scale, changed = loop.stack(loop.state.scale), loop.stack(nn.exp(loop.state.scale))
        return {"scale": scale, "changed": changed, "s": loop.state.s}

    check_agreement(model, FEEDS)


class AskingWithAState(nn.Module):
    """Attention to what came so far, asked by a state that begins with a number."""

    def __init__(self) -> None:
        super().__init__()
        self.cell = nn.LstmCell(FEATURES, FEATURES)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.s = nn.constant(0.5, [nn.batch_dim, FEATURES])
        with loop:
            history = nn.cum_concat(loop.unstack(frames()))
            weights = nn.softmax_over_spatial(nn.dot(history, loop.state.s, reduce=FEATURES))
            found = loop.stack(nn.dot(weights, history, reduce=history.spatial_dim))
            loop.state.s, _ = self.cell(loop.state.s, self.cell.initial_state())
        return found


def test_product_with_a_state_that_begins_with_a_number() -> None:
    check_agreement(AskingWithAState(), FEEDS)
