"""Functions of each place: arithmetic, comparisons, choices, types."""

from __future__ import annotations

import re

from ...ops.elementwise import Cast, Combine, Compare, Where
from ...ops.log_sum_exp import LogAddExp
from ...ops.rotary_encoding import RotaryEncoding
from ...record.graph import Op
from ..code import Code
from ..layout import operand
from ..rule import rule

OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "logical_and": "&",
    "logical_or": "|",
    "equal": "==",
    "not_equal": "!=",
    "less": "<",
    "less_equal": "<=",
    "greater": ">",
    "greater_equal": ">=",
}
_OF_NUMBERS = {"add": "+", "sub": "-", "mul": "*", "logical_and": "and", "logical_or": "or"}


def numbers(op: Op, code: Code) -> list[str] | None:
    """What an op reads, if all of it are numbers of Python, and its result is one, too."""
    found = [code.scalar(x) for x in op.inputs]
    return None if op.output.dims or None in found else [operand(str(number)) for number in found]


def _is_positive(number: str, code: Code) -> bool:
    """Whether it is known that a number is above 0, so that Python may divide by it."""
    return number in code.positive or (re.fullmatch(r"[0-9.]+", number) is not None and float(number) > 0)


@rule(Combine)
def combine(op: Combine, code: Code) -> str:
    """An operator of Python, or a function of that name."""
    of_numbers = numbers(op, code)
    if of_numbers is not None:
        left, right = of_numbers
        if op.kind in _OF_NUMBERS:
            code.assign_scalar(op.output, f"{left} {_OF_NUMBERS[op.kind]} {right}")
            return ""
        if op.kind == "truediv" and _is_positive(right, code):
            code.assign_scalar(op.output, f"{left} / {right}")
            return ""
        if op.kind in ("maximum", "minimum"):
            name = code.assign_scalar(op.output, f"{op.kind[:3]}({left}, {right})")
            if op.kind == "maximum" and (_is_positive(left, code) or _is_positive(right, code)):
                code.positive.add(name)
            return ""
    left, right = code.operands(op)
    if op.kind in ("maximum", "minimum"):
        bound = {"maximum": "min", "minimum": "max"}[op.kind]
        for x, tensor, number in ((left, op.inputs[1], right), (right, op.inputs[0], left)):
            if number == code.scalar(tensor):
                return f"{operand(x)}.clamp({bound}={number})"
        return f"torch.{op.kind}({left}, {right})"
    if op.kind in ("floordiv", "mod") and not op.output.dtype.startswith("float"):
        return f"{code.function('divided' if op.kind == 'floordiv' else 'remainder')}({left}, {right})"
    return f"{operand(left)} {OPERATORS[op.kind]} {operand(right)}"


@rule(Compare)
def compare(op: Compare, code: Code) -> str:
    """An operator of Python."""
    of_numbers = numbers(op, code)
    if of_numbers is not None:
        code.assign_scalar(op.output, f" {OPERATORS[op.kind]} ".join(of_numbers))
        return ""
    left, right = code.operands(op)
    return f"{operand(left)} {OPERATORS[op.kind]} {operand(right)}"


@rule(Where)
def where(op: Where, code: Code) -> str:
    """``torch.where``; of a condition that is a bool of Python, a conditional expression."""
    condition, true, false = op.inputs
    of_numbers = numbers(op, code)
    if of_numbers is not None:
        code.assign_scalar(op.output, f"{of_numbers[1]} if {of_numbers[0]} else {of_numbers[2]}")
        return ""
    known = code.scalar(condition)
    if known is not None:
        one, other = (code.expanded(x, op.output.dims) for x in (true, false))
        return f"{one} if {known} else {other}"
    places, one, other = code.operands(op)
    chosen = f"torch.where({places}, {one}, {other})"
    if op.output.dtype not in ("float32", "bool") and one == code.scalar(true) and other == code.scalar(false):
        return f"{chosen}.to({code.dtype(op.output.dtype)})"
    return chosen


@rule(Cast)
def cast(op: Cast, code: Code) -> str:
    """``x.to``; a conversion of Python for a number."""
    number = code.scalar(op.inputs[0])
    if number is not None and not op.output.dims:
        kind = "float" if op.dtype.startswith("float") else "bool" if op.dtype == "bool" else "int"
        code.assign_scalar(op.output, f"{kind}({number})")
        return ""
    if op.dtype == op.inputs[0].dtype:
        code.define(op.output, code.aligned(op.inputs[0], op.output.dims))
        return ""
    short = {"float32": "float", "int32": "int", "bool": "bool"}.get(op.dtype)
    x = operand(code.aligned(op.inputs[0], op.output.dims))
    return f"{x}.{short}()" if short else f"{x}.to({code.dtype(op.dtype)})"


@rule(LogAddExp)
def log_add_exp(op: LogAddExp, code: Code) -> str:
    """``torch.logaddexp``, of tensors alone."""
    left, right = (code.aligned(x, op.output.dims) for x in op.inputs)
    return f"torch.logaddexp({left}, {right})"


@rule(RotaryEncoding)
def rotary_encoding(op: RotaryEncoding, code: Code) -> str:
    """A function of ours."""
    x, position = op.inputs
    dims = (*[dim for dim in op.output.dims if dim is not op.axis], op.axis)
    turned = f"{code.function('rotated')}({code.expanded(x, dims)}, {code.aligned(position, dims[:-1])}, {op.base})"
    return code.moved(turned, dims, op.output.dims)
