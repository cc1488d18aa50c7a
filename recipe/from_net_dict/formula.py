"""The formulas of ``eval`` layers, as expressions of this language."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from .layer import Unsupported
from .value import Value, bracketed, joint_dims

_OPERATORS: dict[type, str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_FUNCTIONS = {
    name: f"nn.{name}"
    for name in ("exp", "log", "sqrt", "tanh", "sigmoid", "relu", "softplus", "log_sigmoid", "swish", "where")
} | {name: f"nn.{name}" for name in ("maximum", "minimum", "logical_and", "logical_or", "logical_not")}
_FUNCTIONS |= {
    name: f"nn.{name}" for name in ("square", "stop_gradient", "round", "floor", "ceil", "sign", "sin", "cos")
}
_FUNCTIONS |= {"clip_by_value": "nn.clip", "where_bc": "nn.where", "erf": "nn.erf", "rsqrt": "nn.rsqrt"}
_COMPARISONS = {"equal": "==", "not_equal": "!=", "less": "<", "less_equal": "<=", "greater": ">"} | {
    "greater_equal": ">=",
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
}
_OVER_AN_AXIS = ("l2_normalize", "reduce_logsumexp", "reduce_sum", "reduce_max", "reduce_mean")
_BOOL = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal", "logical_and", "logical_or")


def _binds(operator: str) -> int:
    """How tightly an operator binds its operands."""
    return {"+": 1, "-": 1, "*": 2, "/": 2, "//": 2, "%": 2, "**": 3}.get(operator, 0)


class Formula:
    """
    A formula of an ``eval`` layer.

    :param text: as in RETURNN: ``source(0) * 0.5 + tf.exp(source(1))``
    :param sources: the inputs
    :param numbers: by names that the formula has for them
    """

    def __init__(self, text: str, sources: Sequence[Value], numbers: Mapping[str, float] | None = None):
        self._sources = sources
        self._numbers = numbers or {}
        self._used: list[Value] = []
        try:
            tree = ast.parse(text.strip(), mode="eval").body
        except SyntaxError as error:
            raise Unsupported(f"the formula {text!r:.80}") from error
        self.is_bool = False
        self.dtype: str | None = None
        self.text = self._expression(tree)

    def value(self) -> Value:
        """What it gives, as far as that is known."""
        dtype = "bool" if self.is_bool else self.dtype or (self._used[0].dtype if self._used else "float32")
        return Value(self.text, joint_dims(self._used) if self._used else (), None, dtype)

    def _expression(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            return repr(node.value)
        if isinstance(node, ast.Name) and isinstance(self._numbers.get(node.id), (int, float)):
            return repr(self._numbers[node.id])
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return f"-{bracketed(self._expression(node.operand))}"
        if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
            return self._operation(_OPERATORS[type(node.op)], node.left, node.right)
        if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in _OPERATORS:
            self.is_bool = True
            return self._operation(_OPERATORS[type(node.ops[0])], node.left, node.comparators[0])
        if isinstance(node, ast.Call):
            return self._call(node)
        raise Unsupported(f"{ast.unparse(node)[:80]!r} in its formula")

    def _operation(self, operator: str, left: ast.expr, right: ast.expr) -> str:
        first, second = self._expression(left), self._expression(right)
        binds = _binds(operator)
        first = (
            first if isinstance(left, ast.BinOp) and _binds(_OPERATORS[type(left.op)]) >= binds else bracketed(first)
        )
        is_tighter = isinstance(right, ast.BinOp) and _binds(_OPERATORS[type(right.op)]) > binds
        return f"{first} {operator} {second if is_tighter else bracketed(second)}"

    def _call(self, node: ast.Call) -> str:
        name = ast.unparse(node.func)
        if name == "source" and len(node.args) == 1 and isinstance(node.args[0], ast.Constant):
            number = node.args[0].value
            if not isinstance(number, int) or number >= len(self._sources):
                raise Unsupported(f"{ast.unparse(node)} of {len(self._sources)} inputs")
            if any(one.arg not in ("auto_convert", "enforce_batch_major", "as_data") for one in node.keywords):
                raise Unsupported(f"{ast.unparse(node)[:80]!r} in its formula")
            self._used.append(self._sources[number])
            return self._sources[number].text
        if name in ("safe_log", "self.network.safe_log") and len(node.args) == 1 and not node.keywords:
            return f"nn.log(nn.maximum({self._expression(node.args[0])}, 1e-20))"
        last = {"floormod": "mod"}.get(name.rpartition(".")[2], name.rpartition(".")[2])
        is_of_tensorflow = name.startswith("tf.")
        over = ("x", "y", "dtype") if last not in _OVER_AN_AXIS else ("x", "axis", "keepdims")
        arguments = [*node.args, *(one.value for one in node.keywords if one.arg in over)]
        if not is_of_tensorflow or len(arguments) < len(node.args) + len(node.keywords):
            raise Unsupported(f"{ast.unparse(node)[:80]!r} in its formula")
        if last in ("cast", "to_float", "to_int32"):
            dtype = {"to_float": "float32", "to_int32": "int32"}.get(last) or ast.unparse(arguments[1])
            self.dtype = dtype.strip("'\"").removeprefix("tf.")
            self.is_bool = self.dtype == "bool"
            text = self._expression(arguments[0])
            self.is_bool = self.dtype == "bool"
            return f'nn.cast({text}, "{self.dtype}")'
        self.is_bool = self.is_bool or last in _BOOL
        if last in _COMPARISONS and len(arguments) == 2:
            return self._operation(_COMPARISONS[last], *arguments)
        if last in _FUNCTIONS:
            text = f"{_FUNCTIONS[last]}({', '.join(self._expression(argument) for argument in arguments)})"
            self.is_bool = self.is_bool and last != "where"
            return text
        if last in _OVER_AN_AXIS:
            return self._over_features(last, node)
        if last in ("abs", "zeros_like", "ones_like", "identity") and len(arguments) == 1:
            text = self._expression(arguments[0])
            known = {"abs": f"nn.maximum({text}, -{bracketed(text)})", "identity": text}
            return known.get(last) or f"{bracketed(text)} * 0.0{' + 1.0' if last == 'ones_like' else ''}"
        raise Unsupported(f"{name} in its formula")

    def _over_features(self, name: str, node: ast.Call) -> str:
        """A sum and the like over the last axis, where that has the features and stays as one of size 1."""
        given = {one.arg: one.value for one in node.keywords}
        axis = given.get("axis") or (node.args[1] if len(node.args) == 2 else None)
        before, self._used = self._used, []
        text = self._expression(node.args[0])
        dims, self._used = joint_dims(self._used), [*before, *self._used]
        features = Value("", dims).features
        last = [-1, *([len(dims) - 1] if dims is not None else [])]
        number = ast.literal_eval(axis) if axis is not None else None
        keeps = name == "l2_normalize" or ast.unparse(given.get("keepdims", node)) == "True"
        if number not in last or not keeps or dims is None or features is None or dims[-1] is not features:
            raise Unsupported(f"{ast.unparse(node)[:80]!r} in its formula")
        if name == "l2_normalize":
            return f"{bracketed(text)} * nn.rsqrt(nn.maximum(nn.reduce_sum(nn.square({text})), 1e-12))"
        return f"nn.{name}({text})"
