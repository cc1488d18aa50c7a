"""Every op has a rule, and a function that is written is one that is there."""

from __future__ import annotations

import ast
import inspect
import pathlib

from recipe.nn import ops, torch_code
from recipe.nn.ops.chain import Chain
from recipe.nn.ops.choice import Choice
from recipe.nn.ops.convolution import SequenceConvolution
from recipe.nn.ops.elementwise import Elementwise
from recipe.nn.plain.dim import Dim, batch_dim
from recipe.nn.record.graph import Op
from recipe.nn.torch_code.function_texts import all_names, texts_of
from recipe.nn.torch_code.layout import aligned, operand, primary
from recipe.nn.torch_code.rule import has_rule

from ..modules import __name__ as _  # noqa: F401 - the modules' ops are imported

WITHOUT_RULE = {Choice, Chain, Elementwise, SequenceConvolution}
"""Passes replace a choice; chains are made for TensorFlow; the others are bases."""
FOLDER = pathlib.Path(inspect.getfile(torch_code)).parent


def _kinds(base: type[Op]) -> set[type[Op]]:
    return {base, *(kind for one in base.__subclasses__() for kind in _kinds(one))}


def test_every_op_has_a_rule() -> None:
    in_package = {kind for kind in _kinds(Op) if kind.__module__.startswith(f"{ops.__name__}.")}
    assert len(in_package) > 60
    assert {kind.__name__ for kind in in_package - WITHOUT_RULE if not has_rule(kind)} == set()


def test_every_function_that_is_called_is_there() -> None:
    called = set()
    for file in [*FOLDER.glob("*.py"), *(FOLDER / "rules").glob("*.py")]:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "function":
                called |= {one.value for one in ast.walk(node) if isinstance(one, ast.Constant)}
    names = {name for name in called if isinstance(name, str) and name.isidentifier()} - {"max", "mean", "floordiv"}
    assert len(names) > 30
    assert names <= all_names()


def test_functions_come_after_those_that_they_use() -> None:
    texts = texts_of(["lstm_over"])
    names = [text.partition("(")[0] for text in texts]
    assert names[-1] == "def lstm_over" and names.index("def rows") < names.index("def lstm_over")


def test_axes_of_size_1() -> None:
    time, features = Dim(None, "time"), Dim(3, "features")
    dims = (batch_dim, time, features)
    assert aligned("x", (batch_dim, features), dims) == "x[:, None]"
    assert aligned("x", (batch_dim,), dims) == "x[:, None, None]"
    assert aligned("x", (features,), dims) == "x"
    assert aligned("x", (features,), dims, full=True) == "x[None, None]"
    assert aligned("x + y", (features, batch_dim), dims) == "(x + y).permute(1, 0)[:, None]"


def test_where_an_index_may_follow() -> None:
    for code in (
        "x",
        "x.t()",
        "x[:, None]",
        "f(a)",
        "(a + b)",
        "(a + b).t()[0]",
        'f(")")',
        "torch.f(g(x), (1, 2)).sum()",
    ):
        assert primary(code) == code
    for code in ("a + b", "-x", "1.0", "(a) + (b)", "f(a) + g(b)", "a if b else c", "~x[0]", "", "(a", "x[0] == 1"):
        assert primary(code) == f"({code})"
    assert [operand(code) for code in ("1.0", "1e-05", "2", "-1.0", "a * b")] == [
        "1.0",
        "1e-05",
        "2",
        "(-1.0)",
        "(a * b)",
    ]
