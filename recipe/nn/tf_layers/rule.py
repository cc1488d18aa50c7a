"""The table of rules: which layers an op becomes, by its class; without a rule, those of its form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from ..record.form import AnyForm, Form, FormPart, InputForm, forms_of_results
from ..record.graph import Op, Tensor
from .build import Build
from .layers import InputReference, Layer, Reference, SubLayer

Rule = Callable[[Any, Build], "Reference | Sequence[Reference]"]
"""What makes the layers of an op, of the op and the build, which stands where the op does: a reference a result."""

R = TypeVar("R", bound=Rule)

_RULES: dict[type[Op], Rule] = {}


def rule(kind: type[Op]) -> Callable[[R], R]:
    """Makes a function the rule for a class of ops."""

    def register(function: R) -> R:
        _RULES[kind] = function
        return function

    return register


def layers_of(op: Op, build: Build) -> Sequence[Reference]:
    """The layers that an op becomes: a reference for each of its results."""
    for quirk in build.quirks:
        otherwise = None if quirk.op is None else quirk.op(build, op)
        if otherwise is not None:
            return [otherwise]
    results = _results(op, build)
    for quirk in build.quirks:
        if quirk.results is not None:
            results = quirk.results(build, op, results)
    return results


def _results(op: Op, build: Build) -> Sequence[Reference]:
    of_class = _RULES.get(type(op))
    if of_class is not None:
        made = of_class(op, build)
        return [made] if isinstance(made, Reference) else made
    return [as_written(form, op, build) for form in forms_of_results(op)]


def as_written(form: AnyForm, op: Op, build: Build) -> Reference:
    """The layer that a form names."""
    if isinstance(form, Tensor):
        return build.reference(form)
    if isinstance(form, InputForm):
        return InputReference(build.root, form.name)
    if isinstance(form, FormPart):
        layer = as_written(form.of, op, build)
        assert isinstance(layer, Layer)
        return SubLayer(layer, form.name)
    return build.once(form, lambda: build.add(op, form.kind, _option(form.options, op, build), name=form.name))


def _option(value: Any, op: Op, build: Build) -> Any:
    """An option with references in place of tensors and forms."""
    if isinstance(value, Tensor) and value.op.is_parameter:
        return build.parameter(value)
    if isinstance(value, (Tensor, Form, FormPart, InputForm)):
        return as_written(value, op, build)
    if isinstance(value, dict):
        return {key: _option(item, op, build) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_option(item, op, build) for item in value)
    return value
