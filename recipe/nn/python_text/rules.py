"""The table of rules: the Python expression of an op, by its class; without a rule, a call that says its form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from ..ops.activation import Activation
from ..ops.array import Concat, ReplaceDim, Reverse
from ..ops.chain import Chain
from ..ops.constants import Constant
from ..ops.cumulative import CumLogSumExp
from ..ops.dot import Dot
from ..ops.dropout import Dropout
from ..ops.elementwise import Cast, Combine, Compare, Where
from ..ops.extreme_position import ExtremePosition
from ..ops.gradient import ScaleGradient
from ..ops.history import CumConcat, SelectedHistory
from ..ops.hypotheses import FollowBack, Select
from ..ops.indexing import Gather
from ..ops.inputs import ExternDataOp, ParameterOp
from ..ops.largest import Largest
from ..ops.layer_norm import LayerNormOp
from ..ops.lengths import WithLengths
from ..ops.linear import LinearOp
from ..ops.log_sum_exp import LogAddExp
from ..ops.loss import ArgMax, SparseCrossEntropy
from ..ops.lstm import LstmCellOp, LstmSequence
from ..ops.new_axis import RangeFromLength
from ..ops.reduce import Reduce
from ..ops.slice_in_time import SliceInTime
from ..ops.softmax import Softmax
from ..ops.top_k import TopK
from ..ops.windows import JoinedChunks
from ..plain.dim import Dim
from ..record.form import Form, FormPart, InputForm, forms_of_results
from ..record.graph import Op, Tensor
from ..record.loops import LoopIndex, UnstackOp
from .names import Names, quoted, value_text

Rule = Callable[[Any, "Expressions"], str]
R = TypeVar("R", bound=Rule)

CALLS: dict[type[Op], tuple[str, ...]] = {
    ArgMax: (),
    Cast: ("dtype", "sparse_dim"),
    Concat: (),
    CumConcat: (),
    CumLogSumExp: ("axis", "exclusive"),
    Dot: ("reduce",),
    Dropout: ("rate",),
    ExtremePosition: ("axis",),
    FollowBack: ("axis", "beam"),
    Gather: ("axis",),
    JoinedChunks: ("axis", "window", "out_dim"),
    Largest: ("out_dim", "axis"),
    LayerNormOp: ("axis",),
    LogAddExp: (),
    RangeFromLength: ("out_dim",),
    ReplaceDim: ("axis", "out_dim"),
    Reverse: ("axis",),
    Select: ("before", "beam"),
    SelectedHistory: ("beam",),
    SliceInTime: ("start", "end", "axis"),
    Softmax: ("axis", "energy_factor"),
    ScaleGradient: ("factor",),
    SparseCrossEntropy: (),
    TopK: ("beam", "labels", "out"),
    Where: (),
    WithLengths: ("axis", "out_dim"),
}
"""Ops that are written as calls of their name with their inputs and these attributes."""

INFIX = {
    **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**"},
    **{"logical_and": "&", "logical_or": "|", "equal": "==", "not_equal": "!="},
    **{"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">="},
}
"""What Python has an operator for."""

_RULES: dict[type[Op], Rule] = {}


def rule(*kinds: type[Op]) -> Callable[[R], R]:
    """Makes a function the rule for classes of ops."""

    def register(function: R) -> R:
        _RULES.update(dict.fromkeys(kinds, function))
        return function

    return register


class Expressions:
    """
    The expressions of ops.

    :param names: what tensors are called
    """

    def __init__(self, names: Names):
        self.names = names

    def of(self, op: Op) -> list[str]:
        """The expression of each result; one for all where they are parts of one."""
        if type(op) in _RULES:
            return [_RULES[type(op)](op, self)]
        if type(op) in CALLS:
            options = {name: getattr(op, name) for name in CALLS[type(op)]}
            return [
                self.call(
                    type(op).name or op.name,
                    *op.inputs,
                    **{name: x for name, x in options.items() if not _is_default(x)},
                )
            ]
        forms = forms_of_results(op)
        wholes = {form.of if isinstance(form, FormPart) else form for form in forms}
        return [self.text(form) for form in (wholes if len(wholes) < len(forms) else forms)]

    def call(self, function: str, *arguments: Any, **options: Any) -> str:
        """A call, without the options that are None."""
        named = [f"{name}={self.text(value)}" for name, value in options.items() if value is not None]
        return f"nn.{function}({', '.join([*map(self.text, arguments), *named])})"

    def text(self, value: Any) -> str:
        """An argument."""
        if isinstance(value, Code):
            return value
        if isinstance(value, Tensor):
            return self.names.of[value]
        if isinstance(value, Dim):
            return self.names.dim(value)
        if isinstance(value, Form):
            return self._form(value)
        if isinstance(value, FormPart):
            return f"{self.text(value.of)}[{quoted(value.name)}]"
        if isinstance(value, InputForm):
            return f"inputs[{quoted(value.name)}]"
        if isinstance(value, (list, tuple)):
            return f"[{', '.join(map(self.text, value))}]"
        if isinstance(value, dict):
            return f"{{{', '.join(f'{self.text(key)}: {self.text(item)}' for key, item in value.items())}}}"
        return value_text(value)

    def _form(self, form: Form) -> str:
        """A call of the form's kind; a formula becomes the expression that it is."""
        options = dict(form.options)
        read = options.pop("from", [])
        read = read if isinstance(read, list) else [read]
        if form.kind == "eval" and "eval" in options:
            texts = {f"source({number})": self.text(x) for number, x in enumerate(read)}
            texts |= {name: self.text(value) for name, value in options.items()}
            return re.sub(r"source\(\d+\)|\w+", lambda found: texts.get(found[0], found[0]), options["eval"])
        parameters = options.pop("reuse_params", {"map": {}})["map"]
        options |= {name: of["layer_output"] for name, of in parameters.items()}
        return self.call(form.kind, *read, **options)


class Code(str):
    """An argument that is an expression already."""


@rule(ExternDataOp)
def _input(op: ExternDataOp, to: Expressions) -> str:
    return f"inputs[{quoted(op.data.name)}]"


@rule(ParameterOp)
def _parameter(op: ParameterOp, to: Expressions) -> str:
    return f"parameters[{quoted(op.path)}]"


@rule(UnstackOp)
def _frame(op: UnstackOp, to: Expressions) -> str:
    return f"{to.text(op.inputs[0])}[{to.names.steps[op.loop]}]"


@rule(LoopIndex)
def _step(op: LoopIndex, to: Expressions) -> str:
    return to.names.steps[op.loop]


@rule(Constant)
def _constant(op: Constant, to: Expressions) -> str:
    return to.call("constant", op.value, op.dims) if op.dims else value_text(op.value)


@rule(Combine, Compare)
def _two_values(op: Combine | Compare, to: Expressions) -> str:
    left, right = op.inputs
    return _infix(op.kind, to.text(left), to.text(right))


@rule(Activation)
def _activation(op: Activation, to: Expressions) -> str:
    return _activated(op.kind, to.text(op.inputs[0]))


@rule(Chain)
def _chain(op: Chain, to: Expressions) -> str:
    text = to.text(op.inputs[0])
    for link in op.links:
        if link.number is None:
            text = _activated(link.kind, text)
        else:
            number = value_text(link.number)
            text = _infix(link.kind, *((number, text) if link.is_left else (text, number)))
    return text


@rule(Reduce)
def _reduce(op: Reduce, to: Expressions) -> str:
    return to.call(op.name, op.inputs[0], axis=op.axes[0] if len(op.axes) == 1 else op.axes)


@rule(LinearOp)
def _linear(op: LinearOp, to: Expressions) -> str:
    row, (weight, *bias) = _dropped(op, to), map(to.text, op.inputs[1:])
    product = f"{weight}[{row}]" if op.inputs[0].sparse_dim is not None else f"{row} @ {weight}"
    text = " + ".join([product, *bias])
    return text if op.activation is None else _activated(op.activation, text)


@rule(LstmCellOp)
def _lstm_cell(op: LstmCellOp, to: Expressions) -> str:
    weight, recurrent, bias, *state = op.inputs[1:]
    return to.call("lstm_step", _dropped(op, to), *state, W=weight, W_re=recurrent, b=bias)


@rule(LstmSequence)
def _lstm(op: LstmSequence, to: Expressions) -> str:
    weight, recurrent, bias, *state = op.inputs[1:]
    options = {"axis": op.axis, "direction": None if op.direction == 1 else op.direction}
    return to.call("lstm", _dropped(op, to), *state, **options, W=weight, W_re=recurrent, b=bias)


def _is_default(value: Any) -> bool:
    """Whether an attribute says nothing: a flag that is not set, or a factor of 1."""
    return value is None or value is False or (isinstance(value, float) and value == 1.0)


def _dropped(op: LinearOp | LstmCellOp | LstmSequence, to: Expressions) -> Code:
    """What an op reads first, with the dropout that was joined to it."""
    x = op.inputs[0]
    return Code(to.text(x) if op.dropout is None else to.call("dropout", x, rate=op.dropout))


def _activated(kind: str, text: str) -> str:
    sign = {"negative": "-", "logical_not": "~"}.get(kind)
    return f"nn.{kind}({text})" if sign is None else f"{sign}{_operand(text)}"


def _infix(kind: str, left: str, right: str) -> str:
    """Two values by an operator, or by a function where Python has no operator."""
    if kind not in INFIX:
        return f"nn.{kind}({left}, {right})"
    return f"{_operand(left)} {INFIX[kind]} {_operand(right)}"


def _operand(text: str) -> str:
    """A text beside an operator: names, numbers and simple calls as they are, others in brackets."""
    return text if re.fullmatch(r"[\w.]+(\([^()]*\))?", text) else f"({text})"
