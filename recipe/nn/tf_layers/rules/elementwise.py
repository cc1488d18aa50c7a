"""Arithmetic, comparisons, conditions, casts."""

from __future__ import annotations

import math
from typing import Any

from ...ops.elementwise import ARITHMETIC, COMBINE_KINDS, Cast, Combine, Compare, Where
from ..layers import Layer, Reference
from ..op_lowering import OpLowering
from ..rule import as_written, rule


@rule(Combine)
def combine(op: Combine, lower: OpLowering) -> Layer:
    """``combine``, or ``eval`` where one side is a number or the kind is none of combine's."""
    formula = ARITHMETIC[op.kind][1]
    constants = [lower.number(tensor) for tensor in op.inputs]
    if any(value is not None for value in constants) or op.kind not in COMBINE_KINDS:
        terms: list[str] = []
        sources: list[Reference] = []
        for tensor, value in zip(op.inputs, constants):
            if value is not None and None in constants:
                terms.append(_number_text(value))
            elif value is None and constants.count(None) == 1:
                source, inner = lower.formula(tensor)
                sources.append(source)
                terms.append(inner if inner == "source(0)" else f"({inner})")
            else:
                terms.append(f"source({len(sources)})")
                sources.append(lower.operand(op, tensor))
        return lower.add(op, "eval", {"from": sources, "eval": formula.format(*terms)})
    return lower.add(op, "combine", {**op.form().options, "from": [lower.operand(op, x) for x in op.inputs]})


def _number_text(value: bool | int | float) -> str:
    """A number as a term of a formula."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value) if value >= 0 else f"({value!r})"


@rule(Compare)
def compare(op: Compare, lower: OpLowering) -> Layer:
    """``compare``; with a number it is an option."""
    left, right = op.inputs
    value = lower.number(right)
    if value is not None:
        return lower.add(op, "compare", {"from": lower.reference(left), "value": value, "kind": op.kind})
    return lower.add(op, "compare", {**op.form().options, "from": [lower.operand(op, x) for x in op.inputs]})


@rule(Where)
def where(op: Where, lower: OpLowering) -> Layer:
    """``switch``."""
    condition, true, false = op.inputs
    sides: list[Any] = []
    for tensor in (true, false):
        value = lower.number(tensor) if tensor.sparse_dim is None else None
        sides.append(value if value is not None else lower.operand(op, tensor))
    options = {"condition": lower.reference(condition), "true_from": sides[0], "false_from": sides[1]}
    return lower.add(op, "switch", options)


@rule(Cast)
def cast(op: Cast, lower: OpLowering) -> Reference:
    """``cast``, and ``reinterpret_data`` for what labels it holds."""
    return as_written(op.form(), op, lower)
