"""The table of rules: which layers an op becomes, by its class; without a rule, those of its form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ...record.form import AnyForm, Form, FormPart, InputForm, forms_of_results
from ...record.graph import Op, Tensor
from ..layers import InputReference, Layer, Reference, SubLayer
from .op_lowering import OpLowering

Rule = Callable[[Any, Any], "Reference | Sequence[Reference]"]
"""What makes the layers of an op, of the op and the lowering, which stands where the op does: a reference a result."""

R = TypeVar("R", bound=Rule)

_RULES: dict[type[Op], Rule] = {}


def rule(kind: type[Op]) -> Callable[[R], R]:
    """Makes a function the rule for a class of ops."""

    def register(function: R) -> R:
        _RULES[kind] = function
        return function

    return register


def layers_of(op: Op, lower: OpLowering) -> Sequence[Reference]:
    """The layers that an op becomes: a reference for each of its results."""
    of_class = _RULES.get(type(op))
    if of_class is not None:
        made = of_class(op, lower)
        return [made] if isinstance(made, Reference) else made
    return [as_written(form, op, lower) for form in forms_of_results(op)]


def as_written(form: AnyForm, op: Op, lower: OpLowering) -> Reference:
    """The layer that a form names."""
    if isinstance(form, Tensor):
        return lower.reference(form)
    if isinstance(form, InputForm):
        return InputReference(lower.root, form.name)
    if isinstance(form, FormPart):
        layer = as_written(form.of, op, lower)
        assert isinstance(layer, Layer)
        return SubLayer(layer, form.name)
    return lower.once(form, lambda: lower.add(op, form.kind, _option(form.options, op, lower), name=form.name))


def _option(value: Any, op: Op, lower: OpLowering) -> Any:
    """An option with references in place of tensors and forms."""
    if isinstance(value, Tensor) and value.op.is_parameter:
        return lower.parameter(value)
    if isinstance(value, (Tensor, Form, FormPart, InputForm)):
        return as_written(value, op, lower)
    if isinstance(value, dict):
        return {key: _option(item, op, lower) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_option(item, op, lower) for item in value)
    return value
