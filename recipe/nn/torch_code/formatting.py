"""Statements within 120 columns, broken where a formatter breaks them."""

from __future__ import annotations

WIDTH = 120
_INDENT = "    "
_PAIRS = {")": "(", "]": "[", "}": "{"}


def formatted(text: str, depth: int) -> list[str]:
    """
    The lines of a statement.

    :param text: the statement on one line, with a comment at its end
    :param depth: how many blocks are around it
    """
    pad = _INDENT * depth
    if len(pad) + len(text) <= WIDTH:
        return [pad + text]
    code, mark, comment = text.partition("  # ")
    above = [f"{pad}# {comment}"] if mark else []
    return [*above, *_broken(code, depth)]


def _broken(code: str, depth: int) -> list[str]:
    """A statement, in the last brackets of which there may be further lines."""
    pad = _INDENT * depth
    if len(pad) + len(code) <= WIDTH:
        return [pad + code]
    end = len(code.rstrip(",:"))
    opening = _opening(code, end - 1) if end and code[end - 1] in _PAIRS else None
    is_group = opening is not None and code[opening] == "(" and code[:opening].endswith((" ", "-", "~", "("))
    if opening is None or (is_group and not code.endswith(",")):
        target, assigned, value = code.partition(" = ")
        return [f"{pad}{target} = (", *_broken(value, depth + 1), f"{pad})"] if assigned else [pad + code]
    inner = code[opening + 1 : end - 1]
    first, last = pad + code[: opening + 1], pad + code[end - 1 :]
    if len(_INDENT) + len(pad) + len(inner) <= WIDTH:
        return [first, f"{pad}{_INDENT}{inner}", last]
    lines = [line for item in _items(inner) for line in _broken(f"{item},", depth + 1)]
    return [first, *lines, last]


def _opening(code: str, closing: int) -> int | None:
    """Where the bracket opens that is closed at a place."""
    depth, quoted = 0, ""
    opening: list[int] = []
    for place, letter in enumerate(code[: closing + 1]):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        elif letter in "([{":
            opening.append(place)
            depth += 1
        elif letter in _PAIRS:
            last = opening.pop()
            if place == closing:
                return last
    return None


def _items(code: str) -> list[str]:
    """What stands between the commas outside of brackets."""
    items, depth, quoted, start = [], 0, "", 0
    for place, letter in enumerate(code):
        if quoted:
            quoted = "" if letter == quoted else quoted
        elif letter in "\"'":
            quoted = letter
        elif letter in "([{":
            depth += 1
        elif letter in _PAIRS:
            depth -= 1
        elif letter == "," and not depth:
            items.append(code[start:place].strip())
            start = place + 1
    return [*items, code[start:].strip()]
