"""What values of a program are called where they are looked up by name: as in its tables and written configs."""

from __future__ import annotations

from collections.abc import Iterable

from ..record.graph import Tensor
from ..record.loops import PreviousOp


def value_names(tensors: Iterable[Tensor]) -> dict[Tensor, str]:
    """
    A name for each, with the path of the module: the user's variable, ``state NAME``, or the op.

    Of several that are called the same, all but the first get a number: ``encoder/tanh``, ``encoder/tanh_2``.
    """
    names: dict[Tensor, str] = {}
    taken: set[str] = set()
    for tensor in tensors:
        name = unique = _name(tensor)
        number = 1
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        names[tensor] = unique
        taken.add(unique)
    return names


def _name(tensor: Tensor) -> str:
    op = tensor.op
    own = f"state {op.leaf.name}" if isinstance(op, PreviousOp) else op.variable or op.name or type(op).__name__
    path = op.module_path()
    return f"{path}/{own}" if path else own
