"""Nested values read from a state: they refuse to be written into, as the state would not see it."""

from __future__ import annotations

import functools
from typing import Any, NoReturn

from .errors import NetworkError


def _refuse(self: Any, *args: Any, **kwargs: Any) -> NoReturn:
    raise NetworkError(
        "what was read from a state cannot be written into: the state would not see it. Assign the whole state, for "
        f"example {_whole(self)}"
    )


def _whole(value: Any) -> str:
    if isinstance(value, dict):
        return "loop.state.s = {**loop.state.s, 'name': value}"
    if hasattr(value, "_fields"):
        return f"loop.state.s = loop.state.s._replace({value._fields[0]}=value)"
    if isinstance(value, list):
        return "loop.state.s = [value, *loop.state.s[1:]]"
    return "loop.state.s = (value, *loop.state.s[1:])"


class FrozenDict(dict):
    """A dict read from a state."""

    __setitem__ = __delitem__ = update = pop = popitem = clear = setdefault = _refuse  # type: ignore[assignment]

    def __ior__(self, other: Any) -> dict:  # type: ignore[override,misc]
        return {**self, **other}  # for `loop.state.s |= {...}`, which assigns the whole

    def __missing__(self, key: Any) -> NoReturn:
        raise NetworkError(f"the state has no part {key!r}, it has {sorted(self)}")

    def __reduce__(self):
        return FrozenDict, (dict(self),)


class FrozenTuple(tuple):
    """A tuple read from a state; lists are joined to it as tuples are."""

    __setitem__ = __delitem__ = append = extend = insert = pop = remove = clear = _refuse

    def __getitem__(self, index: Any) -> Any:
        _check_part(self, index)
        part = super().__getitem__(index)
        return FrozenTuple(part) if isinstance(index, slice) else part

    def __add__(self, other: Any) -> FrozenTuple:
        return FrozenTuple([*self, *other])

    def __radd__(self, other: Any) -> FrozenTuple:
        return FrozenTuple([*other, *self])

    def __reduce__(self):
        return FrozenTuple, (tuple(self),)


class PartOfList(list):
    """Some values of a list that was read from a state; tuples are joined to it as lists are."""

    def __getitem__(self, index: Any) -> Any:
        _check_part(self, index)
        part = super().__getitem__(index)
        return PartOfList(part) if isinstance(index, slice) else part

    def __add__(self, other: Any) -> PartOfList:
        return PartOfList([*self, *other])

    def __radd__(self, other: Any) -> PartOfList:
        return PartOfList([*other, *self])


class FrozenList(PartOfList):
    """A list read from a state."""

    __setitem__ = __delitem__ = append = extend = insert = pop = remove = clear = sort = reverse = _refuse  # type: ignore[assignment]

    def __iadd__(self, other: Any) -> PartOfList:  # type: ignore[override,misc]
        return self + other  # for `loop.state.s += [...]`, which assigns the whole

    def __reduce__(self):
        return FrozenList, (list(self),)


def _check_part(value: Any, index: Any) -> None:
    if isinstance(index, int) and not -len(value) <= index < len(value):
        raise NetworkError(f"the state has no part {index}, it has {len(value)} parts: 0 to {len(value) - 1}")


@functools.cache
def _frozen_class(kind: type) -> type:
    members = {"__slots__": (), "__setattr__": _refuse, "__reduce__": lambda self: (freeze, (kind(*self),))}
    return type(kind.__name__, (kind,), {**members, "__module__": kind.__module__, "__doc__": kind.__doc__})


def freeze(value: Any) -> Any:
    """The same named tuple, whose parts cannot be assigned to."""
    kind: Any = type(value)
    return _frozen_class(kind)(*value) if "__setattr__" not in vars(kind) else value
