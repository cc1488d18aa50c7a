"""
In what two canonical forms differ, for readers: layer by layer, with names.

Layers have numbers in a form, and one layer more changes the numbers of all behind it. So layers are matched first:
those of one name and class that are read in the same places, then in order by name and class, then by class alone.
What is left over was added or removed.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..plain.delayed import origin_text

_DIMS = "dims"


class Side(NamedTuple):
    """
    One canonical form.

    :ivar form: the form
    :ivar names: the names of its layers (with source lines) and dims
    """

    form: dict[str, Any]
    names: dict[str, list[Any]]

    def layer(self, number: int) -> str:
        """The name of a layer; where several have it, with its count."""
        same = [
            other for other, (name, _) in enumerate(self.names["layers"]) if name == self.names["layers"][number][0]
        ]
        count = f" #{same.index(number) + 1}" if len(same) > 1 else ""
        return f"{self.names['layers'][number][0]}{count}"

    def dim(self, number: Any) -> str:
        """The name of a dim, with its size."""
        if isinstance(number, str):
            return number
        name, size = self.names["dims"][number], self.form["dims"][number]["size"]
        is_plain = isinstance(size, int) or (isinstance(size, dict) and "delayed" in size)
        return f"{name}={self.text(size)}" if is_plain and self.text(size) != name else name

    def text(self, value: Any) -> str:
        """A part of the form as text."""
        if isinstance(value, dict) and "layer" in value and set(value) <= {"layer", "part"}:
            return self.layer(value["layer"]) + (f"/{value['part']}" if "part" in value else "")
        if isinstance(value, dict) and set(value) == {"input"}:
            return f"data:{value['input']}"
        if isinstance(value, dict) and set(value) == {"dim"}:
            return self.dim(value["dim"])
        if isinstance(value, dict) and set(value) == {"delayed"}:
            return f"<{origin_text(value['delayed'])}>"
        if isinstance(value, dict):
            return "{" + ", ".join(f"{key}: {self.text(item)}" for key, item in value.items()) + "}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.text, value)) + "]"
        return repr(value)


def form_difference(left: Side, right: Side) -> dict[str, list[str]]:
    """
    The differences, as lines by what they are about: "losses", "inputs", a layer's name, "dims".

    Empty if the forms are equal.
    """
    return _Comparison(left, right).lines()


class _Comparison:
    def __init__(self, left: Side, right: Side):
        self.left, self.right = left, right
        self.partner = _Matching(left, right).partner
        self.dims: dict[int, int] = {}
        self.found: dict[str, list[str]] = {}

    def lines(self) -> dict[str, list[str]]:
        """The differences, by the part of the form that they are in."""
        for part in ("format", "losses", "outputs", "inputs"):
            self.note(part, self.differences("", self.left.form[part], self.right.form[part]))
        taken = set(self.partner.values())
        layers = self.left.form["layers"], self.right.form["layers"]
        for number, options in enumerate(layers[0]):
            if number in self.partner:
                other = self.partner[number]
                names = self.left.layer(number), self.right.layer(other)
                heading = names[0] if names[0] == names[1] else f"{names[0]} -> {names[1]}"
                self.note(f"{heading}{self.place(self.right, other)}", self.differences("", options, layers[1][other]))
            else:
                self.note(f"- {self.left.layer(number)}{self.place(self.left, number)}", [_layer(self.left, options)])
        for number, options in enumerate(layers[1]):
            if number not in taken:
                self.note(
                    f"+ {self.right.layer(number)}{self.place(self.right, number)}", [_layer(self.right, options)]
                )
        return self.found

    @staticmethod
    def place(side: Side, number: int) -> str:
        source = side.names["layers"][number][1]
        return f" ({source})" if source else ""

    def note(self, about: str, lines: Any) -> None:
        lines = list(lines)
        if lines:
            self.found.setdefault(about, []).extend(lines)

    def differences(self, path: str, left: Any, right: Any) -> Iterator[str]:
        """A line for each entry that differs in two values of one place."""
        if self.is_same(left, right):
            return
        if isinstance(left, dict) and isinstance(right, dict) and not _is_leaf(left) and not _is_leaf(right):
            for key in sorted({*left, *right}):
                inner = f"{path}/{key}" if path else str(key)
                if key not in left:
                    yield f"{inner}: not set -> {self.right.text(right[key])}"
                elif key not in right:
                    yield f"{inner}: {self.left.text(left[key])} -> not set"
                else:
                    yield from self.differences(inner, left[key], right[key])
            return
        if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
            for index, (one, other) in enumerate(zip(left, right)):
                yield from self.differences(f"{path}/{index}", one, other)
            return
        texts = self.left.text(left), self.right.text(right)
        note = " (another one of that name)" if texts[0] == texts[1] else ""
        yield f"{path}: {texts[0]} -> {texts[1]}{note}"

    def is_same(self, left: Any, right: Any) -> bool:
        """Whether two parts mean the same, with the layers and dims that were matched."""
        if isinstance(left, dict) and isinstance(right, dict):
            if left.keys() != right.keys():
                return False
            if set(left) <= {"layer", "part"} and "layer" in left:
                return self.partner.get(left["layer"]) == right["layer"] and left.get("part") == right.get("part")
            if set(left) == {"dim"}:
                return self.is_same_dim(left["dim"], right["dim"])
            return all(self.is_same(left[key], right[key]) for key in left)
        if isinstance(left, list) and isinstance(right, list):
            return len(left) == len(right) and all(self.is_same(one, other) for one, other in zip(left, right))
        return type(left) is type(right) and bool(left == right)

    def is_same_dim(self, left: Any, right: Any) -> bool:
        """Whether two dims stand for each other; of those that first do so, other sizes are noted once."""
        if isinstance(left, str) or isinstance(right, str):
            return bool(left == right)
        if left not in self.dims and right not in self.dims.values():
            self.dims[left] = right
            entries = self.left.form["dims"][left], self.right.form["dims"][right]
            if not self.is_same(*entries):
                self.note(_DIMS, self.differences(self.right.names["dims"][right], *entries))
        return self.dims.get(left) == right


def _is_leaf(value: dict[str, Any]) -> bool:
    return any(set(value) == keys for keys in ({"layer"}, {"layer", "part"}, {"input"}, {"dim"}, {"delayed"}))


def _layer(side: Side, options: dict[str, Any]) -> str:
    rest = [f"{key} {side.text(value)}" for key, value in options.items() if key not in ("class", "reuse_params")]
    return ", ".join([str(options["class"]), *rest])


class _Matching:
    """Which layers of the one form stand for which of the other one."""

    def __init__(self, left: Side, right: Side):
        self.sides = left, right
        self.partner: dict[int, int] = {}
        self.taken: set[int] = set()
        for part in ("losses", "outputs"):
            self.follow(left.form[part], right.form[part])
        for with_names in (True, False):
            for one, other in self.in_order(with_names):
                self.pair(one, other, with_names)

    def follow(self, left: Any, right: Any) -> None:
        """Matches what is read in the same places by layers that are matched."""
        todo = list(_references(left, right))
        while todo:
            one, other = todo.pop(0)
            if self.is_pair(one, other, with_names=True):
                self.partner[one] = other
                self.taken.add(other)
                layers = [side.form["layers"][number] for side, number in zip(self.sides, (one, other))]
                todo.extend(_references(*layers))

    def is_pair(self, one: int, other: int, with_names: bool) -> bool:
        """Whether two layers that are left can stand for each other."""
        if one in self.partner or other in self.taken:
            return False
        return _key(self.sides[0], one, with_names) == _key(self.sides[1], other, with_names)

    def pair(self, one: int, other: int, with_names: bool) -> None:
        """Matches two layers, and then what they read."""
        if self.is_pair(one, other, with_names):
            self.partner[one] = other
            self.taken.add(other)
            self.follow(self.sides[0].form["layers"][one], self.sides[1].form["layers"][other])

    def in_order(self, with_names: bool) -> list[tuple[int, int]]:
        """Pairs of the layers that are left, in the order of the forms."""
        rest = [
            [number for number in range(len(side.form["layers"])) if number not in done]
            for side, done in zip(self.sides, (self.partner, self.taken))
        ]
        keys = [[_key(side, number, with_names) for number in numbers] for side, numbers in zip(self.sides, rest)]
        blocks = difflib.SequenceMatcher(None, keys[0], keys[1], autojunk=False).get_matching_blocks()
        return [(rest[0][block.a + i], rest[1][block.b + i]) for block in blocks for i in range(block.size)]


def _references(left: Any, right: Any) -> Iterator[tuple[int, int]]:
    """Pairs of layers that stand in the same places of two values."""
    if isinstance(left, dict) and isinstance(right, dict):
        if isinstance(left.get("layer"), int) and isinstance(right.get("layer"), int):
            yield left["layer"], right["layer"]
            return
        for key in left:
            if key in right:
                yield from _references(left[key], right[key])
    elif isinstance(left, list) and isinstance(right, list):
        for one, other in zip(left, right):
            yield from _references(one, other)


def _key(side: Side, number: int, with_names: bool) -> tuple[str, ...]:
    layer_class = side.form["layers"][number]["class"]
    name = "" if layer_class == "state" else side.names["layers"][number][0]  # states are named after local variables
    return (name, layer_class) if with_names else (layer_class,)
