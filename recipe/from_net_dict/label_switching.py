"""Random labels in training as configs have them: a function ``switchout_target`` of the labels of a loop."""

from __future__ import annotations

import ast
import re
from typing import Any

from .layer import Layer, Unsupported
from .level import Level
from .loop_level import LoopLevel
from .masking import draws_as_usual
from .python_values import Function
from .value import Value

_DRAWN = (
    r"take_rnd_mask = tf\.less\(tf\.random_uniform\(shape=shape, minval=0\.0, maxval=1\.0\), (?P<rate>.+)\)",
    r"take_blank_mask = tf\.less\(tf\.random_uniform\(shape=shape, minval=0\.0, maxval=1\.0\), (?P<blank_share>.+)\)",
    r"rnd_label = tf\.random_uniform\(shape=shape, minval=0, maxval=(?P<count>.+), dtype=tf\.int32\)",
    r"rnd_label = where_bc\(take_blank_mask, (?P<blank>.+), rnd_label\)",
    r"x_ = where_bc\(take_rnd_mask, rnd_label, x_\)",
    r"x_ = random_mask\(x_, batch_axis=data\.batch_dim_axis, axis=data\.time_dim_axis, min_num=0, "
    r"max_num=tf\.maximum\(tf\.shape\(x\)\[data\.time_dim_axis\] // (?P<frames_per_mask>.+), 1\), "
    r"max_dims=(?P<widest>.+), mask_value=(?P<value>.+)\)",
)
"""The statements that draw, in their order."""
_PLAIN = ("x_ = x", "shape = tf.shape(x)", "return x_", "n_batch = ", "n_time = ")
_AROUND = (
    "import ",
    "from ",
    "network = self.network",
    "data = source(0, as_data=True)",
    "x = data.placeholder",
    "assert data.is_batch_major",
    "x = network.cond_on_train(get_switched, lambda: x)",
    "return x",
)


def is_switch_out(function: Function) -> bool:
    """Whether a function draws labels like that, as far as its names tell."""
    return "take_rnd_mask" in ast.unparse(function.definition)


def switched(level: Level, layer: Layer, x: Value, function: Function) -> Value:
    """
    The call of ``switch_out``: of a loop, on all labels in training, which the search has not.

    :param x: the labels
    :raises Unsupported: if the function does something else
    """
    options = _options(function)
    level.notes.used_models["switch_out"] = "switch_out"
    if not isinstance(level, LoopLevel):
        return level.assign(layer.name, f"switch_out({x.text}, {options})", x.dims, labels=x.labels)
    given = layer.options.get("from")
    name = given if isinstance(given, str) else given[0]  # type: ignore[index]
    labels = level.labels_of_choice(name)
    changed = level.unique_variable(f"{layer.name.rstrip('_')}_labels")
    level.lines_before.append(f"{changed} = switch_out({labels.text}, {options})")
    text = f"loop.unstack({changed}) if search is None else {x.text}"
    return level.assign(layer.name, text, x.dims, labels=x.labels)


def _options(function: Function) -> str:
    """The arguments of ``switch_out``."""
    if not isinstance(function.definition, ast.FunctionDef):
        raise Unsupported("its formula is a function")
    known: dict[str, Any] = dict(function.names)
    found: dict[str, str] = {}
    for statement in function.definition.body:
        text = ast.unparse(statement)
        if isinstance(statement, ast.FunctionDef):
            found = _drawn(statement, function.name)
        elif isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            known[text.partition(" = ")[0]] = statement.value.value
        elif not text.startswith(_AROUND):
            raise Unsupported(f"{text[:80]!r} in {function.name}")
    if not found or not draws_as_usual(function):
        raise Unsupported(f"{function.name} draws in another way than the usual one")
    numbers = {name: _number(text, known) for name, text in found.items()}
    if numbers.pop("value") != numbers["blank"]:
        raise Unsupported(f"{function.name} masks with another label than blank")
    count = numbers.pop("count")
    order = ("blank", "rate", "blank_share", "frames_per_mask", "widest")
    return ", ".join([repr(count), *(f"{name}={numbers[name]!r}" for name in order)])


def _drawn(definition: ast.FunctionDef, name: str) -> dict[str, str]:
    """The texts of the numbers that the statements draw with."""
    texts = [ast.unparse(one) for one in definition.body]
    texts = [text for text in texts if not text.startswith(_PLAIN)]
    if len(texts) != len(_DRAWN):
        raise Unsupported(f"{name} draws in another way than the usual one")
    found: dict[str, str] = {}
    for text, pattern in zip(texts, _DRAWN):
        match = re.fullmatch(pattern, text)
        if match is None:
            raise Unsupported(f"{text[:80]!r} in {name}")
        found |= match.groupdict()
    return found


def _number(text: str, known: dict[str, Any]) -> int | float:
    """A number, a name of one, or a quotient of these."""
    node = ast.parse(text, mode="eval").body
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv):
        right = _number(ast.unparse(node.right), known)
        return _number(ast.unparse(node.left), known) // right if right else 0
    value = node.value if isinstance(node, ast.Constant) else known.get(text)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Unsupported(f"{text!r}, which is no number that is known")
    return value
