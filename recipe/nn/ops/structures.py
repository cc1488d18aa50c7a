"""Structures of tensors, such as states, part by part: ``nn.where`` between them, and what a loop does with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, overload

from ..plain.delayed import is_delayed
from ..plain.errors import NetworkError
from ..plain.number import is_number
from ..plain.structure import flatten, structure_text
from ..record.graph import Tensor
from . import elementwise
from .as_tensor import TensorLike, as_tensor
from .not_a_tensor import not_a_tensor


def is_structure(value: Any) -> bool:
    """Whether a value is a structure of tensors, and not one tensor or what stands for it."""
    return isinstance(value, (tuple, list, dict))


def for_each_part(function: Callable[[Tensor], Tensor], value: Any) -> Any:
    """What a function gives for a tensor, or for each tensor of a structure, in the same structure."""
    value = _value(value)
    if _is_output_and_state(value):
        raise not_a_tensor(value)
    return _mapped(lambda path, part: function(as_tensor(part)), value)


def _mapped(function: Callable[[str, Any], Any], value: Any, path: tuple[str, ...] = ()) -> Any:
    """The same structure, which is free to be changed, with ``function(path, part)`` in place of each part."""
    if isinstance(value, dict):
        return {key: _mapped(function, part, (*path, str(key))) for key, part in value.items()}
    if isinstance(value, (tuple, list)):
        names = getattr(value, "_fields", range(len(value)))
        parts = [_mapped(function, part, (*path, str(name))) for name, part in zip(names, value)]
        return type(value)(*parts) if hasattr(value, "_fields") else parts if isinstance(value, list) else tuple(parts)
    return function("/".join(path), value) if value is not None or not path else None


def _is_output_and_state(value: Any) -> bool:
    """Whether it is most likely what a cell gives, of which the output alone was meant."""
    is_pair = type(value) is tuple and len(value) == 2
    return is_pair and isinstance(value[0], Tensor) and hasattr(value[1], "_fields")


@overload
def where(condition: Tensor, true: TensorLike, false: TensorLike) -> Tensor: ...
@overload
def where(condition: Tensor, true: Any, false: Any) -> Any: ...
def where(condition: Tensor, true: Any, false: Any) -> Any:
    """
    ``true`` where the condition holds, else ``false``: ``nn.where(x > 0.0, x, 0.0)``.

    Beside labels, a number is a label. Both may be structures that are alike, such as two states of an LSTM: then each
    part is selected; a number stands for all parts.

    :param condition: bool; its dims, or those of the values, may be more than the others
    :raises NetworkError: if the structures differ
    """
    true, false = _value(true), _value(false)
    if not is_structure(true) and not is_structure(false):
        return elementwise.where(condition, true, false)
    like = true if is_structure(true) else false
    parts = [dict(flatten(value)) if is_structure(value) else None for value in (true, false)]
    fits = [
        own.keys() == dict(flatten(like)).keys() if own is not None else is_number(value) or is_delayed(value)
        for value, own in zip((true, false), parts)
    ]
    if not all(fits):
        raise NetworkError(
            f"where of {structure_text(true)} and {structure_text(false)}: both must be alike. Its parts one by "
            "one: nn.where(condition, a.h, b.h)"
        )

    def selected(path: str, part: Any) -> Tensor:
        sides = [own[path] if own is not None else value for value, own in zip((true, false), parts)]
        return elementwise.where(condition, *sides)

    return _mapped(selected, like)


def _value(value: Any) -> Any:
    """The value of a State, which may be a structure."""
    return value.__as_tensor__() if not isinstance(value, Tensor) and hasattr(type(value), "__as_tensor__") else value
