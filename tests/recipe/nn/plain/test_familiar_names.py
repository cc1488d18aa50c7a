"""Names and arguments of PyTorch, Keras and RETURNN's frontend: what is said about them, and that its code runs."""

from __future__ import annotations

import re
import warnings
from typing import Any

import numpy
import pytest

from recipe import nn
from recipe.nn.plain.familiar_arguments import ARGUMENTS
from recipe.nn.plain.familiar_members import MEMBERS
from recipe.nn.plain.familiar_names import ATTRIBUTES, NAMES, Alternatives, here, instead_of
from recipe.nn.plain.public_names import PUBLIC_NAMES

time, grid_axis = nn.Dim(None, "time"), nn.Dim(None, "grid_axis")
in_dim, out_dim, labels, one = nn.Dim(6, "in_dim"), nn.Dim(4, "out_dim"), nn.Dim(5, "labels"), nn.Dim(1, "one")
heads, key_dim = nn.Dim(2, "heads"), nn.Dim(3, "key_dim")
DATA = nn.ExternData("data", [nn.batch_dim, time, in_dim])
TARGETS = nn.ExternData("targets", [nn.batch_dim, time], sparse_dim=labels)
GRID = nn.ExternData("grid", [nn.batch_dim, time, grid_axis, in_dim])
WORDS = re.compile(
    r"(, (which|as|of|the|with|one|each|y are|and RETURNN|or nothing)\b|: (where|a tensor|y are)\b|; (else|dims|scores|"
    r"concat_in_time)\b| for (a|an|the|each|type|where)\b).*"
)
"""What follows the code of a line of advice: words."""


def codes_of(advice: str) -> list[str]:
    """The pieces of code in a line of advice: beside them there are comments, or words after a comma."""
    code, _, comment = advice.partition("  # ")
    inside = comment.removeprefix("in a loop: ") if comment.startswith("in a loop: ") else ""
    pieces = re.split(r"(?:, and | or )(?=nn\.|dim\b|x\b)", WORDS.sub("", code))
    return [piece for piece in [*pieces, inside] if piece]


def known(table: dict[str, Alternatives]) -> list[str]:
    """All lines of advice of a table that name only what there is."""
    every = [code for alternatives in table.values() for code in alternatives]
    return [code for code in dict.fromkeys(every) if here((code,)) is not None]


class Place(nn.Module):
    """A place for a line of code, in a loop, with all names that it may use."""

    def __init__(self, code: str):
        super().__init__()
        self.cell, self.linear = nn.LstmCell(in_dim, out_dim), nn.Linear(in_dim + out_dim, out_dim)
        self.code = code

    def forward(self) -> nn.Tensor:
        x, targets = nn.get_extern_data(DATA), nn.get_extern_data(TARGETS)
        names: dict[str, Any] = {**globals(), "x": x, "a": x, "b": -x, "targets": targets, "declared": DATA}
        names |= {"grid": nn.get_extern_data(GRID), "dim": heads, "self": nn.Module(), "module": self}
        names |= {"logits": nn.zeros([nn.batch_dim, time, labels]) + nn.reduce_sum(x, in_dim), "linear": self.linear}
        names["logits_with_blank"] = nn.zeros([nn.batch_dim, time, labels + 1]) + nn.reduce_sum(x, in_dim)
        names |= {"condition": nn.reduce_sum(x, in_dim) > 0.0, "score": nn.reduce_sum(x, in_dim)}
        names |= {"cell": self.cell, "parts": nn.split_dims(x, [heads, key_dim]), "parameter": nn.Parameter([in_dim])}
        loop = nn.Loop()
        loop.state.h, loop.state.cell = nn.zeros([nn.batch_dim, out_dim]), self.cell.initial_state()
        loop.state.before = nn.zeros([nn.batch_dim, in_dim])
        names["y"] = x
        if "squeeze" in self.code:
            names |= {"y": nn.expand(x, [one]), "dim": one}
        elif "reduce=dim" in self.code:
            names["dim"] = in_dim
        elif self.code.startswith("y.mark_as_loss"):
            names["y"] = nn.reduce_sum(x)
        if not re.search(r"\bloop\.|\bframe\b", self.code):
            exec(self.code, names)
            return nn.reduce_sum(x)
        with loop:
            names |= {"loop": loop, "frame": loop.unstack(x)}
            exec(self.code, names)
        return nn.reduce_sum(x)


def run(code: str) -> None:
    """Executes a line of code in its place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", nn.NetworkWarning)
        if "network" in code:
            feeds = {"data": (numpy.zeros((2, 3, 6), "float32"), numpy.array([3, 2]))}
            model = lambda: nn.tanh(nn.get_extern_data(DATA)).mark_as_loss("sum")  # noqa: E731
            exec(code, {**globals(), "model": model, "network": nn.Network(model), "feeds": feeds})
        else:
            assert nn.Network(Place(code)).outputs


@pytest.mark.parametrize("advice", known(NAMES))
def test_names(advice: str) -> None:
    for code in codes_of(advice):
        run(code)


@pytest.mark.parametrize("advice", known(ATTRIBUTES))
def test_attributes(advice: str) -> None:
    for code in codes_of(advice):
        run(code)


@pytest.mark.parametrize("advice", known(MEMBERS))
def test_attributes_of_modules(advice: str) -> None:
    for code in codes_of(advice):
        run(code)


@pytest.mark.parametrize(
    "name,words",
    [
        ("weight", "Linear has no attribute 'weight': write linear.W"),
        ("Q", "Linear has no attribute 'Q'."),
        ("requires_grad_", "write module.freeze()"),
    ],
)
def test_missing_attributes_of_a_module(name: str, words: str) -> None:
    linear = nn.Linear(in_dim, out_dim)
    with pytest.raises(AttributeError) as caught:
        getattr(linear, name)
    assert words in str(caught.value) and str(caught.value).startswith(f"{__file__}:")
    assert not hasattr(linear, name) and not hasattr(linear, "_private")


@pytest.mark.parametrize("advice", dict.fromkeys(ARGUMENTS.values()))
def test_arguments(advice: str) -> None:
    for code in codes_of(advice):
        run(code)


def test_each_name_has_an_answer() -> None:
    for table in (NAMES, ATTRIBUTES, MEMBERS):
        for name in table:
            assert instead_of(name, table), f"nothing is said about {name}"
            assert table is not NAMES or name not in PUBLIC_NAMES or len(table[name]) == 1, f"nn.{name} is there"


@pytest.mark.parametrize(
    "name,words",
    [
        ("LSTM", "write y, state = nn.Lstm(in_dim, out_dim)(x)"),
        ("cat", "write y = nn.concat(a, b)"),
        ("CrossEntropyLoss", "write nn.cross_entropy(logits, targets).mark_as_loss()"),
        ("Dense", "write y = nn.Linear(in_dim, out_dim)(x)"),
        ("loop", "it is called nn.Loop"),
        ("Linaer", "Did you mean 'Linear'?"),
        ("something", "there is no nn.something."),
    ],
)
def test_names_of_the_language(name: str, words: str) -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(nn, name)
    message = str(caught.value)
    assert message.startswith(f"{__file__}:") and f"there is no nn.{name}" in message and words in message
    assert isinstance(caught.value, nn.NetworkError) and not hasattr(nn, name) and getattr(nn, name, 5) == 5


@pytest.mark.parametrize("name", ["__wrapped__", "_private"])
def test_names_of_python(name: str) -> None:
    assert not hasattr(nn, name)


@pytest.mark.parametrize(
    "name,words",
    [
        ("shape", "write x.dims, and dim.size for the size of one"),
        ("T", "write x, as dims go by their names, in any order"),
        ("view", "nn.split_dims(x, [heads, key_dim])"),
        ("sum", "write nn.reduce_sum(x)"),
        ("mean", "write nn.reduce_mean(x)"),
        ("tanh", "write nn.tanh(x)"),
        ("softmax", "write nn.softmax(x)"),
        ("item", "write nn.run_numpy(network, feeds).outputs"),
        ("seq_lens", "Did you mean 'seq_len'?"),
    ],
)
def test_attributes_of_a_tensor(name: str, words: str) -> None:
    def model() -> nn.Tensor:
        x = nn.get_extern_data(DATA)
        value: nn.Tensor = getattr(x, name)
        return value

    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(model)
    assert words in str(caught.value) and f"has no attribute {name!r}" in str(caught.value)


@pytest.mark.parametrize(
    "call,words",
    [
        (lambda x: nn.gather(x, indices=0), "nn.gather(x, position, *, axis=None)"),
        (lambda x: nn.gather(x, indices=0), "argument 'indices': write nn.gather(x, 0, axis=time)"),
        (lambda x: nn.Lstm(in_dim, out_dim, num_layers=2), "nn.Lstm(*dims, direction=1)"),
        (lambda x: nn.Linear(in_dim, out_dim, bias=False), "nn.Linear(in_dim, out_dim, with_bias=False)"),
        (lambda x: nn.softmax(x, dim=-1), "write nn.softmax(x, axis=in_dim)"),
        (lambda x: nn.clip(x, min=0.0), "unexpected keyword argument 'min'"),
        (lambda x: nn.Loop(max_length=3), "nn.Loop(axis=None, *, max_seq_len=None, include_eos=None)"),
        (lambda x: nn.pool(x, kernel_size=2), "unexpected keyword argument 'kernel_size'"),
        (lambda x: nn.BeamSearch(size=3), "unexpected keyword argument 'size'"),
        (lambda x: nn.dropout(), "missing 2 required positional arguments: 'x' and 'rate'"),
        (lambda x: nn.Parameter(numpy.zeros((3, 4))), "made of its dims, not of an array (3, 4)"),
        (lambda x: nn.Parameter(x), "made of its dims, not of x <input 'data' [batch, time, in_dim=6]>"),
    ],
)
def test_arguments_of_other_libraries(call: Any, words: str) -> None:
    with pytest.raises(nn.NetworkError) as caught:
        nn.Network(lambda: call(nn.get_extern_data(DATA)))
    assert words in str(caught.value) and str(caught.value).startswith(f"{__file__}:")


def test_errors_within_are_as_they_are() -> None:
    """A TypeError of the user's own code in a call is no matter of arguments."""

    class Strange(nn.Linear):
        def __init__(self) -> None:
            len(5)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="has no len"):
        Strange()
