"""What is known of a layer's output while its code is written."""

from __future__ import annotations

from typing import NamedTuple

from recipe.nn.plain.dim import Dim


class Value(NamedTuple):
    """
    The output of a layer in the written code.

    :ivar text: the expression for it
    :ivar dims: its dims, None where that is not known
    :ivar labels: for labels: the dim that they index
    :ivar dtype: of its entries
    """

    text: str
    dims: tuple[Dim, ...] | None
    labels: Dim | None = None
    dtype: str = "float32"

    @property
    def features(self) -> Dim | None:
        """The dim of the labels, else the last dim of fixed size."""
        if self.labels is not None:
            return self.labels
        return next((dim for dim in reversed(self.dims or ()) if dim.is_static), None)

    @property
    def lengths(self) -> list[Dim]:
        """The dims with a length per sequence."""
        return [dim for dim in self.dims or () if dim.is_dynamic]

    def without(self, axis: Dim) -> tuple[Dim, ...] | None:
        """Its dims without one."""
        return tuple(dim for dim in self.dims if dim is not axis) if self.dims is not None else None

    def replaced(self, old: Dim | None, new: Dim) -> tuple[Dim, ...] | None:
        """Its dims with another in place of one."""
        if self.dims is None or old is None:
            return None
        return tuple(new if dim is old else dim for dim in self.dims)


def joint_dims(values: list[Value]) -> tuple[Dim, ...] | None:
    """The dims of an elementwise result."""
    if any(value.dims is None for value in values):
        return None
    largest: tuple[Dim, ...] = max((value.dims or () for value in values), key=len)
    return (*largest, *dict.fromkeys(dim for value in values for dim in value.dims or () if dim not in largest))


def is_simple(text: str) -> bool:
    """Whether an expression may stand in a product or before an attribute without brackets."""
    depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if depth == 0 and character in " -":
            return False
    return True


def bracketed(text: str) -> str:
    """An expression, in brackets where it needs them."""
    return text if is_simple(text) else f"({text})"
