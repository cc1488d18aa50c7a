"""Arithmetic, comparisons, conditions, casts."""

from __future__ import annotations

import math
from typing import Any

from ...ops.chain import number_of
from ...ops.elementwise import ARITHMETIC, COMBINE_KINDS, Cast, Combine, Compare, Where
from ...plain.delayed import Delayed, resolved
from ...record.graph import Tensor
from ..build import Build
from ..layers import Layer, Reference
from ..rule import as_written, rule
from ..where import where_of_all_axes


@rule(Combine)
def combine(op: Combine, build: Build) -> Layer:
    """``combine``, or ``eval`` where one side is a number or the kind is none of combine's."""
    formula = ARITHMETIC[op.kind][1]
    numbers = [known_number(tensor) for tensor in op.inputs]
    if any(number is not None for number in numbers) or op.kind not in COMBINE_KINDS:
        terms: list[str] = []
        sources: list[Reference] = []
        for tensor, number in zip(op.inputs, numbers):
            if number is not None and None in numbers:
                terms.append(number_text(number))
            else:
                terms.append(f"source({len(sources)})")
                sources.append(build.reference(tensor))
        if op.kind in ("floordiv", "mod") and numbers[1] is None and not op.output.dtype.startswith("float"):
            formula = _WITH_ZERO[op.kind]
        options: dict[str, Any] = {"from": sources, "eval": formula.format(*terms)}
        if op.broadcast:
            options["allow_broadcast_all_sources"] = True
        return build.add(op, "eval", options)
    return build.add(op, "combine", {**op.form().options, "from": [build.reference(x) for x in op.inputs]})


_WITH_ZERO = {
    kind: f"({{0}} {sign} ({{1}} + tf.cast(tf.equal({{1}}, 0), {{1}}.dtype))) "
    "* tf.cast(tf.not_equal({1}, 0), {1}.dtype)"
    for kind, sign in (("floordiv", "//"), ("mod", "%"))
}
"""Of whole numbers, which TensorFlow refuses to divide by 0, also in padding: that gives 0, as in NumPy."""


def known_number(tensor: Tensor) -> bool | int | float | None:
    """The number that a layer can hold in place of a scalar constant; None where it must read the tensor."""
    number = number_of(tensor)
    if isinstance(number, Delayed):
        return resolved(number) if number.is_available() else None
    return number


def number_text(value: bool | int | float) -> str:
    """A number as a term of a formula."""
    if isinstance(value, float) and not math.isfinite(value):
        return f"float('{value}')"
    return repr(value) if value >= 0 else f"({value!r})"


@rule(Compare)
def compare(op: Compare, build: Build) -> Layer:
    """``compare``; with a number it is an option."""
    left, right = op.inputs
    value = known_number(right)
    if value is not None:
        return build.add(op, "compare", {"from": build.reference(left), "value": value, "kind": op.kind})
    return build.add(op, "compare", {**op.form().options, "from": [build.reference(x) for x in op.inputs]})


@rule(Where)
def where(op: Where, build: Build) -> Layer:
    """``switch``; ``tf.where`` where the axes have to be said, as of hypotheses, or the values broadcast."""
    if op.broadcast or any(dim.is_beam for dim in op.output.dims):
        return where_of_all_axes(build, op)
    condition, true, false = op.inputs
    sides: list[Any] = []
    for tensor in (true, false):
        value = known_number(tensor) if tensor.sparse_dim is None else None
        sides.append(value if value is not None else build.reference(tensor))
    options = {"condition": build.reference(condition), "true_from": sides[0], "false_from": sides[1]}
    return build.add(op, "switch", options)


@rule(Cast)
def cast(op: Cast, build: Build) -> Reference:
    """``cast``, and ``reinterpret_data`` for what labels it holds."""
    return as_written(op.form(), op, build)
