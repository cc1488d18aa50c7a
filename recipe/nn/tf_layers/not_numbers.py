"""Which values may be no numbers (infinite, or NaN) where nothing reads them: after the ends of sequences."""

from __future__ import annotations

import math
from collections.abc import Iterable

from ..ops.activation import Activation
from ..ops.constants import Constant, constant_value
from ..ops.elementwise import Combine, Where
from ..ops.reduce import Reduce
from ..ops.softmax import Softmax
from ..record.graph import Op, Tensor
from ..record.loops import PreviousOp, ResultOp

FUNCTIONS = ("exp", "log", "sqrt", "rsqrt")
"""Functions that do not give a number of each number."""
DIVISIONS = ("truediv", "floordiv", "mod", "pow")
"""Arithmetic that does not."""


class NotNumbers:
    """Which values of a program may be no numbers. It keeps what it found out, as values are made of the same ones."""

    def __init__(self) -> None:
        self._numbers: set[Tensor] = set()

    def may_be(self, x: Tensor) -> bool:
        """Whether a value may be none although all inputs and parameters are numbers."""
        todo, seen = [x], {x}
        while todo:
            op = todo.pop().op
            if _makes_no_numbers(op):
                return True
            read = {one for one in _read(op) if one not in seen and one.dtype.startswith("float")} - self._numbers
            seen |= read
            todo += read
        self._numbers |= seen
        return False


def _makes_no_numbers(op: Op) -> bool:
    if isinstance(op, Constant):
        return isinstance(op.value, float) and not math.isfinite(op.value)
    if isinstance(op, Activation):
        return op.kind in FUNCTIONS
    if isinstance(op, Combine):
        return op.kind in DIVISIONS
    return isinstance(op, Reduce) and op.mode != "sum" and any(axis.is_dynamic for axis in op.axes)


def _read(op: Op) -> Iterable[Tensor]:
    """What an op's results are made of; of a softmax, all but what a mask leaves out."""
    if isinstance(op, Softmax) and isinstance(op.inputs[0].op, Where):
        return [x for x in op.inputs[0].op.inputs if constant_value(x) != -math.inf]
    if isinstance(op, ResultOp):
        return [op.inner]
    if isinstance(op, PreviousOp):
        return [tensor for tensor in (op.initial, op.final) if tensor is not None]
    return op.inputs
