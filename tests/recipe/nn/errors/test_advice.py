"""The code that messages advise runs: each piece of it on docs/messages.md, in the place that it is for."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from recipe import nn

from .test_messages_page import PAGE, SECTION

time, features, hidden, labels = nn.Dim(None, "time"), nn.Dim(5, "features"), nn.Dim(5, "hidden"), nn.Dim(7, "labels")
DATA = nn.ExternData("data", [nn.batch_dim, time, features])
CLASSES = nn.ExternData("classes", [nn.batch_dim, time], sparse_dim=labels)


class Advice(NamedTuple):
    """
    Code that a message says to write.

    :ivar code: as it is in the message
    :ivar place: where it is to be written: "before" the loop, in its "body", in that of an "inner" loop, in or after
        branches of "cond", where something is to "unstack", where there is a "history", in an "__init__", or "beside"
        the model
    :ivar runs: the code with what its reader fills in, where it has names in capitals or dots
    """

    code: str
    place: str = "body"
    runs: str | None = None


STACK_OR_LAST = [Advice("loop.stack(value)"), Advice("loop.last(value)")]
WITH_LOOP = Advice("with nn.Loop() as loop:", "before", "with nn.Loop() as loop: loop.unstack(x)")
ADVICE: dict[str, list[Advice]] = {
    "A value of a loop, used outside of it": STACK_OR_LAST,
    "A value of a loop as the result": STACK_OR_LAST,
    "A value of another loop": STACK_OR_LAST,
    "Stacking what has other lengths in each step": [
        Advice("nn.reduce_max(x, axis)", "before"),
        Advice("inner.last(y)", "inner"),
        Advice("inner.stack(y)", "inner"),
    ],
    "A loop without length": [
        Advice("loop.end(condition)"),
        Advice("nn.Loop(axis=...)", "before", "nn.Loop(axis=time)"),
    ],
    "An end that is no condition": [Advice("x == ...", runs="x == 0.0"), Advice("x > ...", runs="x > 0.0")],
    "A state that gets other dims": [Advice("nn.zeros([nn.batch_dim, features])", "before")],
    "An axis that nothing has": [Advice("x.spatial_dim", "before")],
    "A label that is only an int": [
        Advice("nn.cast(x, 'int32', sparse_dim=labels)", "before"),
        Advice("nn.constant(0, [nn.batch_dim], sparse_dim=labels)", "before"),
    ],
    "A part of a state, written": [Advice("loop.state.s = {**loop.state.s, 'name': value}")],
    "A part of an LSTM's state, written": [
        Advice("loop.state.s = loop.state.s._replace(h=value)", "body of an LSTM"),
    ],
    "A state on the loop itself": [Advice("loop.state.h = value", "before", "loop.state.h = start")],
    "A state whose shape cannot be found": [Advice("nn.zeros([nn.batch_dim, dim])", "before")],
    "if": [
        Advice("nn.where(condition, a, b)"),
        Advice("nn.Cond", runs="nn.Cond(condition)"),
        Advice("nn.logical_and", runs="nn.logical_and(condition, condition) & condition"),
        Advice("nn.logical_or", runs="nn.logical_or(condition, condition) | condition"),
        Advice("nn.logical_not", runs="nn.logical_not(~condition)"),
    ],
    "for": [WITH_LOOP, Advice("loop.unstack(x)", "unstack"), Advice("nn.split(x, n)", "before")],
    "len": [
        WITH_LOOP,
        Advice("loop.unstack(x)", "unstack"),
        Advice("x.seq_len", "before"),
        Advice("dim.size", "before"),
    ],
    "A function of NumPy": [Advice("nn.tanh", runs="nn.tanh(x)")],
    "An array of NumPy": [
        Advice("nn.Parameter", "__init__", "self.weight = nn.Parameter([features])"),
        Advice("nn.constant", "before", "nn.constant(1.0, [features])"),
        Advice("nn.get_extern_data(name)", "before", "nn.get_extern_data(DATA)"),
    ],
    "shape": [Advice("x.dims", "before"), Advice("dim.size", "before")],
    "Dims in the wrong order": [Advice("Linear(in_dim, out_dim)", "before", "nn.Linear(features, hidden)")],
    "A sequence for a cell": [Advice("nn.Lstm", "before", "nn.Lstm(features, hidden)(x)")],
    "A frame for an LSTM over sequences": [
        Advice("y, loop.state.NAME = cell(x, loop.state.NAME)", runs="y, loop.state.cell = cell(x, loop.state.cell)"),
        Advice("nn.LstmCell", "__init__", "self.cell = nn.LstmCell(features, hidden)"),
    ],
    "Batch normalization of a step": [
        Advice("loop.stack(...)", runs="loop.stack(value)"),
        Advice("nn.LayerNorm", "before", "nn.LayerNorm(features)(x)"),
    ],
    "Self attention of a step to what comes later": [
        Advice("attention(x, causal=True)", runs="nn.MultiHeadAttention(features, 1)(x, causal=True)"),
    ],
    "A mask of an axis that the query and the keys share": [
        Advice("keys = nn.replace_dim(x)", "before"),
        Advice(
            "attention(x, keys, mask=...)",
            "before",
            "keys = nn.replace_dim(x); mask = nn.replace_dim(targets, out_dim=keys.spatial_dim) != 0; "
            "nn.MultiHeadAttention(features, 1)(x, keys, mask=mask)",
        ),
    ],
    "Two results taken for one": [Advice("y, state = module(x, state)")],
    "Targets that are not unstacked": [Advice("loop.unstack(targets)", "unstack")],
    "Neither target nor search": [
        Advice("target=loop.unstack(targets)", "unstack", "nn.choice(scores, target=loop.unstack(targets))"),
        Advice(
            "search=nn.BeamSearch(beam_size)", runs="beam_size = 4; nn.choice(scores, search=nn.BeamSearch(beam_size))"
        ),
        Advice("nn.Network(model, search=...)", "beside", "nn.Network(model, search=nn.BeamSearch(4))"),
    ],
    "A value of one branch": [
        Advice("loop.state.x = ...", runs="loop.state.h = value"),
        Advice("state.assign(...)", runs="state_object.assign(value)"),
        Advice("cond.true and cond.false", "cond", "cond.true = value"),
        Advice("cond.result", "after cond"),
    ],
    "A mask that is no condition": [Advice("x != 0", runs="label != 0")],
    "Stacking in Cond": [
        Advice("cond.true = y", "cond"),
        Advice("cond.false_branch()", "after true", "with cond.false_branch(): cond.false = -y"),
        Advice("cond.false", "after true", "with cond.false_branch(): cond.false = -y"),
        Advice("loop.stack(cond.result)", "after cond"),
    ],
    "Stacking, in a mask, what is made outside": [Advice("loop.stack(y)")],
    "A sequence that the loop itself changes": [Advice("x = loop.state.NAME", runs="x = loop.state.h")],
    "Frames so far in a mask": [
        Advice("keys = nn.cum_concat(x)"),
        Advice("counts = nn.cum_concat(condition)"),
        Advice("energy = nn.where(counts, energy, -1e9)", "history"),
        Advice("keys * nn.cast(counts, 'float32')", "history"),
    ],
    "A name of another library": [
        Advice("y, state = nn.Lstm(in_dim, out_dim)(x)", "before"),
    ],
    "An argument of another library": [Advice("nn.gather(x, 0, axis=time)", "before")],
    "A loss and an output of one name": [Advice("x.mark_as_loss('mean_loss')")],
    "A state that starts anew in each step": [
        Advice("loop.state.lstm_cell = lstm_cell.initial_state()", "before"),
        Advice(
            "y, loop.state.lstm_cell = lstm_cell(x, loop.state.lstm_cell)",
            "body",
        ),
    ],
    "A Python variable in place of a state": [Advice("loop.state.h = h", "before"), Advice("loop.state.h")],
    "A state that gets no new value": [
        Advice("loop.state.NAME = ...", runs="loop.state.h = value"),
        Advice("state.assign(...)", runs="state_object.assign(value)"),
    ],
    "A module that is made in each call": [
        Advice("self.linear = nn.Linear(...)", "__init__", "self.linear = nn.Linear(features, hidden)")
    ],
    "A search that may never end": [
        Advice("nn.Loop(max_seq_len=...)", "before", "nn.Loop(max_seq_len=100)"),
    ],
}
NO_ADVICE = (
    "max()",
    "len()",
    "Linear.forward(x)",
    "loop.stack(y) stands in Cond",
    "there is no nn.LSTM",
    "nn.gather(x, position, *, axis=None)",
    "mean = nn.reduce_mean(frames(), time)",
    "LstmState(tensor, tensor)",
    "(tensor, )",
    "Parameter([features=5, labels=7])",
)
"""What is in messages beside advice: names of what was used."""


def messages() -> dict[str, str]:
    """The text of each message of the page, without the lines of the program."""
    found = {}
    for match in SECTION.finditer(PAGE.read_text()):
        lines = [line for line in match["message"].splitlines() if not line.startswith(" ")]
        found[match["title"]] = " ".join(lines)
    return found


@pytest.mark.parametrize("title", messages())
def test_all_code_of_the_message_is_executed_here(title: str) -> None:
    text = messages()[title]
    for advice in ADVICE.get(title, []):
        assert advice.code in text, f"{title!r} does not say {advice.code}: {text}"
    for code in [*(advice.code for advice in ADVICE.get(title, [])), *NO_ADVICE]:
        text = text.replace(code, "")
    left = re.findall(r"(?:\bnn\.|\b(?:loop|inner|cond|state)\.)\w+|\w\([^)]*\)|\w+ [=<>!]=? \S+", text)
    assert not left, f"{title!r} says {left}, which is not executed here"


@pytest.mark.parametrize(
    "advice",
    list(dict.fromkeys(advice for title in messages() for advice in ADVICE.get(title, []))),
    ids=lambda advice: advice.code,
)
def test_advice(advice: Advice) -> None:
    code = advice.runs or advice.code
    if advice.place == "beside":
        exec(code, {**globals(), "model": Chooses()})
        return
    if advice.place == "__init__":
        module = nn.Module()
        exec(code, {**globals(), "self": module})
        return

    class Model(nn.Module):
        """Its parts have parameters."""

        def __init__(self) -> None:
            super().__init__()
            self.cell = nn.LstmCell(features, features)

        def forward(self) -> nn.Tensor:
            with written_in(advice.place, self.cell) as names:
                exec(code, names)
            return nn.reduce_sum(nn.get_extern_data(DATA))

    assert nn.Network(Model()).outputs


class Chooses(nn.Module):
    """A model that is told from outside how to search."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(features, labels)

    def forward(self) -> nn.Tensor:
        with nn.Loop() as loop:
            return loop.stack(nn.choice(self.output(loop.unstack(nn.get_extern_data(DATA)))))


@contextlib.contextmanager
def written_in(place: str, cell: nn.LstmCell) -> Iterator[dict[str, Any]]:
    """The names that code in a place of a program may have, while that place is recorded."""
    sequence, start = nn.get_extern_data(DATA), nn.zeros([nn.batch_dim, features])
    names: dict[str, Any] = {**globals(), "start": start, "h": start, "n": 5, "dim": features, "axis": time}
    names |= {"targets": nn.get_extern_data(CLASSES), "cell": cell, "lstm_cell": cell}
    loop = nn.Loop()
    names["loop"] = loop
    if place == "before":
        yield {**names, "x": sequence, "in_dim": features, "out_dim": hidden}
        return
    loop.state.h = start
    loop.state.s = cell.initial_state() if place == "body of an LSTM" else {"name": start, "other": start}
    loop.state.cell = loop.state.lstm_cell = cell.initial_state()
    state_object = nn.State([nn.batch_dim, features])
    with loop:
        frame = loop.unstack(sequence)
        condition = nn.reduce_sum(frame) > 0.0
        names |= {"value": frame, "x": frame, "y": frame, "a": frame, "b": -frame, "condition": condition}
        names |= {"state_object": state_object, "state": loop.state.cell, "module": cell}
        names["scores"] = nn.zeros([nn.batch_dim, labels]) + nn.reduce_sum(frame)
        names["label"] = loop.unstack(names["targets"])
        if place == "unstack":
            yield {**names, "x": sequence}
        elif place == "inner":
            with nn.Loop() as inner:
                yield {**names, "inner": inner, "y": inner.unstack(sequence) + frame}
        elif place in ("cond", "after true", "after cond"):
            with nn.Cond(condition) as cond:
                cond.true = frame
                if place == "cond":
                    yield {**names, "cond": cond}
            if place == "after true":
                yield {**names, "cond": cond}
                return
            with cond.false_branch():
                cond.false = -frame
            if place == "after cond":
                yield {**names, "cond": cond}
        elif place == "history":
            keys, counts = nn.cum_concat(frame), nn.cum_concat(condition)
            yield {**names, "keys": keys, "counts": counts, "energy": nn.dot(keys, frame)}
        else:
            yield names
