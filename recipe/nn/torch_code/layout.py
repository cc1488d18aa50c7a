"""Layout: the code that brings the axes of a tensor into another order, with axes of size 1 for those it has not."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..plain.dim import Dim


def aligned(code: str, dims: Sequence[Dim], target: Sequence[Dim], *, full: bool = False) -> str:
    """
    The code of a tensor that broadcasts to other dims.

    :param code: of the tensor
    :param dims: its axes
    :param target: the axes that it is to broadcast to; all of its own are among them
    :param full: whether it has all of these axes, also the first ones of size 1, which PyTorch adds itself
    """
    order = [dims.index(dim) for dim in target if dim in dims]
    if order != sorted(order):
        code = f"{primary(code)}.permute({', '.join(map(str, order))})"
    return with_axes(code, [dim in dims for dim in target], full=full)


def with_axes(code: str, has: Sequence[bool], *, full: bool = False) -> str:
    """
    The code of a tensor with further axes of size 1.

    :param has: for each axis whether the tensor has it
    :param full: whether also the first axes are wanted
    """
    places = list(has)
    if not full:
        while places and not places[0]:
            places.pop(0)
    index = [":" if present else "None" for present in places]
    while index and index[-1] == ":":
        index.pop()
    return f"{primary(code)}[{', '.join(index)}]" if index else code


def primary(code: str) -> str:
    """The code in brackets, unless an index or a method may follow as it is."""
    return code if re.fullmatch(r"[\w.]+(\[[^\[\]]*\]|\([^()]*\))*", code) and not code[0].isdigit() else f"({code})"
