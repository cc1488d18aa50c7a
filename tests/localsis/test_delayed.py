"""What delayed values give once they are known."""

from __future__ import annotations

import os
import pathlib
from typing import Any

import pytest
from sisyphus import tk
from sisyphus.delayed_ops import DelayedBase, DelayedFunctionV2, DelayedJoin, DelayedSlice

from localsis.literals import literal
from localsis.paths import Variable

from .graph_examples import SourceJob, add, double


@pytest.fixture
def seven(tmp_path: pathlib.Path) -> Variable:
    variable = Variable(str(tmp_path / "seven"))
    variable.set(7)
    return variable


@pytest.fixture
def table(tmp_path: pathlib.Path) -> Variable:
    variable = Variable(str(tmp_path / "table"), pickle=True)
    variable.set({"x": 3, "items": ["a", "b", "c"], "text": "a-b"})
    return variable


def test_values(seven: Variable, table: Variable) -> None:
    expected: list[tuple[Any, Any]] = [
        (seven + 1, 8),
        (1 + seven, 8),
        (seven - 1, 6),
        (1 - seven, -6),
        (seven * table["x"], 21),
        (2 * seven, 14),
        (seven / 2, 3.5),
        (14 / seven, 2.0),
        (seven // 2, 3),
        (15 // seven, 2),
        (seven % 4, 3),
        (seven**2, 49),
        (2**seven, 128),
        (pow(seven, 2, 5), 4),
        (round(seven / 3, 2), 2.33),
        (round(seven / 3), 2),
        (table["items"][1], "b"),
        (seven.rformat("n{}{x}", x="!"), "n7!"),
        (tk.Delayed("{}+{}").format(seven, table["x"]), "7+3"),
        (table["text"].replace("-", "_"), "a_b"),
        (seven.function(double), 14),
        (seven.function(add, y=1), 8),
        (tk.Delayed(add)(seven, y=table["x"]), 10),
        (DelayedFunctionV2(double, (seven,), {}), 14),
        (seven.fallback(0), 7),
        (DelayedSlice(table["items"], 0, 2), ["a", "b"]),
        (DelayedJoin([seven.rformat("{}"), "x"], ","), "7,x"),
    ]
    for delayed, value in expected:
        assert isinstance(delayed, DelayedBase) and delayed.is_set()
        assert delayed.get() == value
        assert str(delayed) == str(value)


def test_what_is_not_known_yet() -> None:
    variable = SourceJob("never run").out_value
    assert not variable.is_set() and variable.get() is None
    assert not (variable + 1).is_set()
    assert not tk.Delayed(double)(variable + 1).args[0].is_set()
    assert not variable.rformat("{}").is_set()
    assert variable.fallback(0.5).get() == 0.5
    with pytest.raises(TypeError, match="cannot be iterated over"):
        list(variable)
    with pytest.raises(TypeError, match="lambda cannot be hashed"):
        variable.function(lambda value: value)


@pytest.mark.parametrize("value", [1.5, -2, "a'b", None, [1, (2, {"k": {3}})], {"x": [float("inf"), -float("inf")]}])
def test_literals(value: Any, tmp_path: pathlib.Path) -> None:
    variable = Variable(str(tmp_path / "value"))
    variable.set(value)
    assert variable.get() == value
    assert os.listdir(tmp_path) == ["value"]


def test_nan_and_hostile_literals(tmp_path: pathlib.Path) -> None:
    assert str(literal("{'a': nan}\n")) == "{'a': nan}"
    for text in ("__import__('os').getcwd()", "open", "[x for x in (1, 2)]", ""):
        with pytest.raises((ValueError, SyntaxError)):
            literal(text)
