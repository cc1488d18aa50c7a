"""What of a loop's steps stays in it, and what is computed for all steps at once."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.passes.fission import fission

from ...agreement import random_parameters
from ...golden_networks import NETWORKS
from ...inputs import CLASSES, FEATURES, FEEDS, LABELS, TIME, classes, frames, other_frames, vector
from .splitting import names, split, steps


class Decoder(nn.Module):
    """A recurrent network with an input layer and a readout."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(LABELS, FEATURES)
        self.input, self.recurrent = nn.Linear(FEATURES, FEATURES), nn.Linear(FEATURES, FEATURES)
        self.readout = nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = self.input(self.embedding(loop.unstack(classes())))
            loop.state.h = nn.tanh(x + self.recurrent(loop.state.h))
            logits = self.readout(loop.state.h)
            nn.cross_entropy(logits, loop.unstack(classes())).mark_as_loss("ce")
            return loop.stack(logits)


def test_input_and_readout_leave() -> None:
    after = split(Decoder())
    assert steps(after) == ["state", "linear", "rec_unstack", "add", "tanh"]
    modules = [op.module_path() for op in after.all_ops() if op.body.loop is not None and op.name == "linear"]
    assert modules == ["recurrent"]


def test_modules_and_lines_stay_those_of_the_user() -> None:
    network = nn.Network(Decoder())
    known = {(op.module_path(), op.source) for op in network.all_ops()}
    assert {(op.module_path(), op.source) for op in fission(network).all_ops()} <= known


def test_delay_line() -> None:
    """States that are not fed back are the sequence, shifted."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.one, loop.state.two = nn.zeros([nn.batch_dim, FEATURES]), vector()
        with loop:
            outputs = {"one": loop.stack(loop.state.one), "two": loop.stack(loop.state.two)}
            loop.state.two = loop.state.one
            loop.state.one = nn.tanh(loop.unstack(frames()))
        return {**outputs, "last_one": loop.state.one, "last_two": loop.state.two}

    after = split(model)
    assert not after.loops and names(after).count("shift") == 2


def test_state_that_is_always_the_same() -> None:
    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.s = nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            y = loop.state.s + loop.unstack(frames())
            loop.state.s = vector()
            y = loop.stack(y)
        return {"y": y, "s": loop.state.s}

    assert not split(model).loops


def test_counter() -> None:
    """A state that depends on itself stays; what is made of it does not."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            is_positive = nn.reduce_sum(loop.unstack(frames())) > 0.0
            loop.state.count = nn.where(is_positive, loop.state.count + 1, loop.state.count)
            return {"y": loop.stack(nn.tanh(nn.cast(loop.state.count, "float32"))), "n": loop.last(loop.state.count)}

    assert sorted(steps(split(model))) == ["add", "rec_unstack", "state", "where"]


def test_reduction_over_the_batch() -> None:
    """It would see padding, and stays."""

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(nn.tanh(loop.unstack(frames())) - nn.reduce_max(loop.unstack(frames()), nn.batch_dim))

    assert sorted(steps(split(model))) == ["rec_unstack", "reduce_max"]


def test_pool_in_each_step() -> None:
    """It takes one sequence for each of the batch, so it stays, with all that has the axis which it makes."""
    pairs = nn.ExternData("pairs", [nn.batch_dim, TIME, nn.Dim(None, "inner"), FEATURES])
    lengths = FEEDS["data"][1]
    inner = numpy.array([3, 1, 2], "int32")
    array = numpy.random.default_rng(5).standard_normal((3, 4, 3, 5)).astype("float32")

    def model() -> nn.Tensor:
        x = nn.get_extern_data(pairs)
        with nn.Loop() as loop:
            pooled = nn.tanh(nn.pool(nn.tanh(loop.unstack(x, axis=TIME)), 2))
            return loop.stack(nn.sigmoid(nn.reduce_sum(pooled, pooled.spatial_dim)))

    after = split(model, {"pairs": (array, lengths, inner)})
    assert sorted(steps(after)) == ["pool", "rec_unstack", "reduce_sum", "tanh"]


@pytest.mark.parametrize("what", ["h", "c", "c in each step"])
def test_lstm_cell(what: str) -> None:
    """Steps of a cell are an LSTM over the sequence, as long as nothing wants its memory in each step."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LstmCell(FEATURES, FEATURES)

        def forward(self) -> dict[str, nn.Tensor]:
            loop = nn.Loop()
            loop.state.cell = nn.LstmState(vector(), nn.zeros([nn.batch_dim, FEATURES]))
            with loop:
                before = loop.state.cell.h
                y, loop.state.cell = self.cell(loop.unstack(frames()), loop.state.cell)
                outputs = {"y": loop.stack(y + before)}
                if what == "c in each step":
                    outputs["c_steps"] = loop.stack(loop.state.cell.c)
            return {**outputs, "c": loop.state.cell.c} if what != "h" else {**outputs, "h": loop.state.cell.h}

    after = split(Model())
    assert bool(after.loops) == (what == "c in each step")
    assert ("lstm" in names(after)) == (what != "c in each step")


class Dropped(nn.Module):
    """
    Dropout in a loop.

    :param of: the "frame" of the step; the "vector" or the "sequence", which are the same in each step
    """

    def __init__(self, of: str):
        super().__init__()
        self.of = of

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            x = loop.unstack(frames()) * 0.0 + 1.0
            if self.of == "vector":
                x = x + nn.dropout(vector(), 0.5) - 1.0
            elif self.of == "sequence":
                x = x + nn.reduce_sum(nn.dropout(other_frames(), 0.5), TIME)
            else:
                x = nn.dropout(x, 0.5)
            return loop.stack(x)


@pytest.mark.parametrize(("of", "stays"), [("frame", False), ("vector", False), ("sequence", True)])
def test_dropout(of: str, stays: bool) -> None:
    """Each step has its own mask. A whole sequence would be there once for each step, so its dropout stays."""
    network = nn.Network(Dropped(of))
    after = split(network)
    assert ("dropout" in steps(after)) == stays
    value = nn.run_numpy(after, FEEDS, {}, train=True).outputs["output"].value
    assert not numpy.array_equal(value[0, 0], value[0, 1])


def test_position_of_the_step() -> None:
    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            x = nn.positional_encoding(loop.unstack(frames()))
            return loop.stack(x * nn.cast(loop.iter_idx, "float32"))

    assert not split(model).loops


def test_values_of_another_step_order() -> None:
    """The first axis with lengths counts the frames of a loss, so the order of axes stays."""

    def model() -> nn.Tensor:
        other = nn.replace_dim(other_frames())
        with nn.Loop() as loop:
            products = nn.dot(other, loop.unstack(frames()))
            products.mark_as_loss("products")
            return loop.stack(products)

    assert not split(model).loops


@pytest.mark.parametrize("name", NETWORKS)
def test_golden_networks(name: str) -> None:
    """How many ops stay in loops of those before."""
    network = NETWORKS[name]()
    counts = len(steps(network)), len(steps(fission(network)))
    assert (
        counts
        == {
            "rec_ff": (4, 4),
            "attention_training": (18, 10),
            "attention_search": (19, 19),
            "transformer_training": (74, 0),
            "transformer_search": (75, 75),
            "transducer_training": (30, 14),
            "transducer_search": (29, 29),
            "language_model": (13, 0),
        }[name]
    )


def feeds_of_lengths(*lengths: int) -> dict[str, Any]:
    """The inputs for sequences of these lengths, 0 among them, with padding that must not be read."""
    size = max(max(lengths), 1)
    feeds: dict[str, Any] = {"vector": FEEDS["vector"][: len(lengths)]}
    generator = numpy.random.default_rng(3)
    for name in ("data", "other"):
        value = generator.standard_normal((len(lengths), size, FEATURES.size)).astype("float32")
        feeds[name] = value[:, : max(lengths)], numpy.array(lengths, "int32")
    labels = generator.integers(0, LABELS.size, (len(lengths), size)).astype("int32")
    feeds["classes"] = labels[:, : max(lengths)], numpy.array(lengths, "int32")
    return feeds


class ManyResults(nn.Module):
    """All kinds of results of all kinds of values."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.cell = nn.Linear(FEATURES, FEATURES), nn.LstmCell(FEATURES, FEATURES)
        self.embedding = nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.sum = nn.ones([nn.batch_dim, FEATURES])
        loop.state.before, loop.state.fixed = vector(), nn.ones([nn.batch_dim, FEATURES])
        loop.state.cell = nn.LstmState(vector(), vector())
        with loop:
            x = nn.tanh(loop.unstack(frames()))
            values = {"early": x, "fixed": vector(), "number": nn.cast(loop.iter_idx, "float32") + nn.reduce_sum(x)}
            values["before"] = loop.state.before
            loop.state.before = x
            values["cell"], loop.state.cell = self.cell(x, loop.state.cell)
            values["core"] = loop.state.sum = self.linear(loop.state.sum) + x
            values["late"] = nn.sigmoid(loop.state.sum)
            values["label"] = nn.argmax(self.embedding(loop.unstack(classes())) + values["late"])
            values["flag"] = nn.reduce_sum(values["late"]) > 2.0
            history = nn.cum_concat(values["late"] * x)
            values["greatest"] = nn.reduce_max(history, history.spatial_dim)
            loop.state.fixed = vector()
            outputs = {f"all_{name}": loop.stack(value) for name, value in values.items()}
            outputs |= {f"last_{name}": loop.last(value) for name, value in values.items()}
        outputs |= {"sum": loop.state.sum, "state": loop.state.before, "fixed": loop.state.fixed}
        return {**outputs, "h": loop.state.cell.h, "c": loop.state.cell.c}


@pytest.mark.parametrize("lengths", [(3, 1, 2), (2, 0, 3), (0, 1), (0, 0), (1,)])
def test_sequences_without_steps(lengths: tuple[int, ...]) -> None:
    split(ManyResults(), feeds_of_lengths(*lengths))


def test_static_axis_is_not_taken_for_features() -> None:
    """The last axis of fixed size is that of the features, and the steps have a fixed size, too."""
    places = nn.Dim(3, "places")
    table = nn.ExternData("table", [nn.batch_dim, FEATURES, places])
    array = numpy.random.default_rng(6).standard_normal((3, 5, 3)).astype("float32")

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.Linear(2 * FEATURES, 4)

        def forward(self) -> dict[str, nn.Tensor]:
            with nn.Loop() as loop:
                x = loop.unstack(nn.get_extern_data(table), axis=places)
                y = nn.softmax(self.linear(nn.concat(x, vector())))
                outputs = {"y": loop.stack(y), "best": loop.stack(nn.argmax(y)), "last": loop.last(y)}
                nn.cross_entropy(self.linear(nn.concat(x, x)), nn.argmax(y)).mark_as_loss("ce")
                return outputs

    assert not split(Model(), {**FEEDS, "table": array}).loops


def test_declared_inputs_stay() -> None:
    network = nn.Network(Decoder())
    assert fission(network).extern_data == {"classes": CLASSES}
    assert list(fission(network).parameters) == list(network.parameters)
    assert random_parameters(network).keys() == fission(network).parameters.keys()


def test_state_that_no_step_changes_after_all() -> None:
    """A loop over an axis of fixed size gives it the value that it had: without that loop it is a constant."""

    def model() -> dict[str, nn.Tensor]:
        outer = nn.Loop()
        outer.state.s = vector()
        with outer:
            frame, before = outer.unstack(frames()), outer.state.s
            outer.state.s = frame
            with nn.Loop() as inner:
                inner.unstack(frame, axis=FEATURES)
                outer.state.s = before
            y = outer.stack(nn.tanh(outer.state.s + frame))
        return {"y": y, "s": outer.state.s}

    split(model)
