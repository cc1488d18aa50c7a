"""SpecAugment as configs have it: a function ``transform`` that hides random parts of the features in training."""

from __future__ import annotations

import ast
import re
from typing import Any

from recipe.nn.plain.dim import Dim

from .layer import Unsupported
from .level import Level
from .python_values import Function
from .value import Value

_OPERATORS: dict[type, str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.FloorDiv: "//"}
_IS_DRAWN = "minval=min_num, maxval=max_num + 1"
_OF_MASK = ("minval=1, maxval=max_amount + 1", "where_bc(cond, ", "tf.minimum(pos + amount, dim)")


def called_function(level: Level, formula: str) -> tuple[Function, ast.Call] | None:
    """The function of the config that a formula calls by ``self.network.get_config().typed_value(name)(...)``."""
    try:
        node = ast.parse(formula.strip(), mode="eval").body
    except SyntaxError:
        return None
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Call):
        return None
    match = re.fullmatch(r"self\.network\.get_config\(\)\.typed_value\(['\"](\w+)['\"]\)", ast.unparse(node.func))
    function = level.notes.net.settings.get(match[1]) if match else None
    return (function, node) if isinstance(function, Function) else None


def masked(level: Level, name: str, x: Value, function: Function, call: ast.Call | None) -> Value:
    """
    The call of a function of the written module that does what the config's does.

    :param name: of the layer
    :param x: its input: [batch, time, features]
    :param function: ``transform(data, network, time_factor=1)``, or ``transform(source, **kwargs)``
    :param call: of it, with the arguments that it gets; None where it is the layer's ``eval`` itself
    :raises Unsupported: if it does something else
    """
    written = _Masks(x, function, call).lines()
    known = next((one for one, lines in level.notes.functions.items() if lines[1:] == written), None)
    if known is None:
        known = level.notes.unique_function_name("spec_augment")
        level.notes.functions[known] = [f"def {known}(x: nn.Tensor) -> nn.Tensor:", *written]
        level.notes.used_models |= {"random_masks": "random_masks", "frames": "random_masks"}
        if not any("frames(" in line for lines in level.notes.functions.values() for line in lines):
            del level.notes.used_models["frames"]
    return level.assign(name, f"{known}({x.text})", x.dims)


def _random_mask(function: Function) -> tuple[str, bool]:
    """The text of ``random_mask``, which a function calls, and whether masks start and end as they usually do."""
    random_mask = function.names.get("random_mask")
    text = ast.unparse(random_mask.definition) if isinstance(random_mask, Function) else ""
    names = [name for name in ("_mask", "mask") if f" {name}(x, " in text or f"({name}(x, " in text]
    mask = function.names.get(names[0]) if names else None
    of_mask = ast.unparse(mask.definition) if isinstance(mask, Function) else ""
    parts = [part for part in _OF_MASK if part not in of_mask and part.replace("0.0, ", "mask_value, ") not in of_mask]
    return text, "tf.nn.top_k(z, " in text and "max_amount=max_dims" in text and not parts


def draws_as_usual(function: Function) -> bool:
    """Whether the ``random_mask`` that a function calls is the one that most configs have."""
    text, is_known = _random_mask(function)
    return is_known and _IS_DRAWN in text


class _Masks:
    """The lines of one such function."""

    def __init__(self, x: Value, function: Function, call: ast.Call | None):
        if x.dims is None or not isinstance(function.definition, ast.FunctionDef):
            raise Unsupported("what it masks is not known")
        self.x, self.function = x, function
        self.dims: tuple[Dim, ...] = x.dims
        self.known: dict[str, Any] = {}
        """Numbers, and texts of expressions, by name."""
        self.written: list[str] = []
        self.variable = "x"
        parameters = function.definition.args
        positional = [*parameters.posonlyargs, *parameters.args]
        for parameter, default in zip(reversed(positional), reversed(parameters.defaults)):
            self.known[parameter.arg] = ast.literal_eval(default)
        for keyword in call.keywords if call is not None else []:
            if keyword.arg != "network":
                self.known[keyword.arg or ""] = ast.literal_eval(keyword.value)

    def lines(self) -> list[str]:
        """The body of the function."""
        assert isinstance(self.function.definition, ast.FunctionDef)
        for statement in self.function.definition.body:
            self._statement(statement)
        if not any("random_masks(" in line for line in self.written):
            raise Unsupported(f"{self.function.name} masks nothing")
        steps = [
            f"{name} = {text}"
            for name, text in self.known.items()
            if isinstance(text, str) and text.startswith("nn.cast(nn.train_step()")
            if any(re.search(rf"\b{name}\b", line) for line in self.written)
        ]
        doc = f'"""Random parts of the features are 0 in training: ``{self.function.name}`` of the config."""'
        return [f"    {line}" for line in [doc, *steps, *self.written]]

    def _statement(self, node: ast.stmt) -> None:
        text = ast.unparse(node)
        if isinstance(node, (ast.Import, ast.ImportFrom)) or (isinstance(node, ast.Expr) and "mask" not in text):
            return
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id in self.known:
            for one in node.body if self.known[node.test.id] else node.orelse:
                self._statement(one)
        elif isinstance(node, ast.FunctionDef) and node.name == "get_masked":
            for one in node.body:
                self._mask(one)
        elif text == "x = network.cond_on_train(get_masked, lambda: x)":
            self.written.append("return nn.where(nn.train_flag(), masked, x)")
        elif isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            self._name(node.targets[0].id, node.value, text)
        elif text != "return x":
            raise Unsupported(f"{text[:80]!r} in {self.function.name}")

    def _name(self, name: str, node: ast.expr, text: str) -> None:
        step = re.fullmatch(r"tf\.where\(tf\.greater_equal\(step, (\w+)\), (\d), (\d)\)", ast.unparse(node))
        clipped = re.fullmatch(r"tf\.clip_by_value\(x, (-?[\d.]+), (-?[\d.]+)\)", ast.unparse(node))
        plain = ("data.placeholder", "network.global_train_step", "source(0, as_data=True)", "kwargs['self'].network")
        if ast.unparse(node) in plain:
            return
        if step and {step[2], step[3]} == {"0", "1"}:
            comparison = ">=" if step[2] == "1" else "<"
            self.known[name] = f'nn.cast(nn.train_step() {comparison} {self.known.get(step[1], step[1])}, "int32")'
        elif name == "x" and clipped:
            self.written.append(f"x = nn.clip(x, {clipped[1]}, {clipped[2]})")
        elif isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            self.known[name] = node.value
        else:
            self.known[name] = None  # an error where it is used

    def _mask(self, node: ast.stmt) -> None:
        text = ast.unparse(node)
        if text in ("x_masked = x", "return x_masked") or "random_mask(" not in text:
            if text not in ("x_masked = x", "return x_masked") and not text.startswith(("summary", "'", '"')):
                raise Unsupported(f"{text[:80]!r} in {self.function.name}")
            return
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
            raise Unsupported(f"{text[:80]!r} in {self.function.name}")
        given = {one.arg: one.value for one in node.value.keywords}
        fewest, most = self._how_many(given["min_num"], given["max_num"])
        axis = self._axis(given["axis"])
        widest = self._expression(given["max_dims"])
        position = list(self.dims).index(axis)
        place = "x.feature_dim" if axis is self.x.features else "x.spatial_dim"
        place = place if axis is self.x.features or self.x.lengths == [axis] else f"x.dims[{position}]"
        source = "masked" if any("masked = " in line for line in self.written) else "x"
        options = f"fewest={fewest}, most={most}, widest={widest}"
        self.written.append(f"masked = random_masks({source}, {place}, {options})")

    def _how_many(self, fewest: ast.expr, most: ast.expr) -> tuple[str, str]:
        """The least and the greatest number of masks, by how ``random_mask`` draws it."""
        text, is_known = _random_mask(self.function)
        number = re.search(r"\n    num = (max_num|\d+)\n", text)
        drawn = _IS_DRAWN in text
        if not is_known or not (drawn or number):
            raise Unsupported(f"random_mask, which {self.function.name} calls, is not the usual one")
        if number is not None and not drawn:
            greatest = self._expression(most) if number[1] == "max_num" else number[1]
            return greatest, greatest
        return self._expression(fewest), self._expression(most)

    def _axis(self, node: ast.expr) -> Dim:
        text = ast.unparse(node)
        if text == "data.time_dim_axis" and self.x.lengths:
            return self.x.lengths[0]
        if text == "data.feature_dim_axis" and self.x.features is not None:
            return self.x.features
        if text.isdigit() and int(text) < len(self.dims):
            return self.dims[int(text)]
        raise Unsupported(f"axis={text} in {self.function.name}")

    def _expression(self, node: ast.expr) -> str:
        """A number of masks or entries."""
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return str(node.value)
        if isinstance(node, ast.Name):
            value = self.known.get(node.id, self.function.names.get(node.id))
            if isinstance(value, str):
                return node.id
            if isinstance(value, int):
                return str(value)
        text = ast.unparse(node)
        if text == "data.dim" and self.x.features is not None:
            return str(self.x.features.size)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) in ("tf.shape(x)", "tf.shape(x_masked)"):
            axis = self._axis(node.slice)
            return str(axis.size) if axis.is_static else "frames(x, x.spatial_dim)"
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return self._operation(node)
        if (
            isinstance(node, ast.Call)
            and ast.unparse(node.func) in ("tf.maximum", "tf.minimum")
            and len(node.args) == 2
        ):
            left, right = (self._expression(one) for one in node.args)
            name = ast.unparse(node.func).removeprefix("tf.")
            if left.isdigit() and right.isdigit():
                return str((max if name == "maximum" else min)(int(left), int(right)))
            return f"nn.{name}({left}, {right})"
        raise Unsupported(f"{text[:80]!r} in {self.function.name}")

    def _operation(self, node: ast.BinOp) -> str:
        left, right = self._expression(node.left), self._expression(node.right)
        operator = _OPERATORS[type(node.op)]
        if left.isdigit() and right.isdigit():
            first, second = int(left), int(right)
            results = {"+": first + second, "-": first - second, "*": first * second, "//": first // max(second, 1)}
            return str(results[operator])
        if operator != "+":
            left = left if _in_brackets(left) or (operator != "-" and not re.search(r" [-+] ", left)) else f"({left})"
            right = right if _in_brackets(right) else f"({right})"
        return f"{left} {operator} {right}"


def _in_brackets(text: str) -> bool:
    """Whether operators stand inside of brackets only."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character == " ":
            return False
    return True
