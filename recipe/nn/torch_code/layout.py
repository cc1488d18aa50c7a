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
    return code if _is_primary(code) else f"({code})"


def operand(code: str) -> str:
    """The code in brackets, unless an operator may stand beside it as it is."""
    return code if _is_primary(code) or re.fullmatch(r"\d[\w.]*(e-\d+)?", code) else f"({code})"


def _is_primary(code: str) -> bool:
    """Whether code is a name, or something in brackets, and attributes, indices and calls of it."""
    name = re.compile(r"[^\W\d]\w*")
    start = name.match(code)
    place = start.end() if start else _after_brackets(code, 0)
    while 0 < place < len(code):
        attribute = name.match(code, place + 1) if code[place] == "." else None
        place = attribute.end() if attribute else _after_brackets(code, place)
    return place == len(code) > 0


def _after_brackets(code: str, place: int) -> int:
    """Where a bracket that opens at a place is closed; -1 if none opens there."""
    depth, quoted = 0, ""
    for here in range(place, len(code)):
        letter = code[here]
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'" and depth:
            quoted = letter
        elif letter in "([{":
            depth += 1
        elif letter in ")]}":
            depth -= 1
        if not depth and not quoted:
            return here + 1 if letter in ")]}" else -1
    return -1
