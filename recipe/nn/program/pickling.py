"""
How a network is pickled: as a table of its ops, tensors and bodies, which refer to each other by number.

Pickle by itself goes from an op to its inputs, to their ops and so on, and gives up where that is some hundred deep.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from ..record.graph import Body, Op, Tensor
from ..record.state_leaf import StateLeaf
from .earlier_versions import complete

_IN_TABLE = (Op, Tensor, Body, StateLeaf)


class Entry(NamedTuple):
    """A reference to an object in the table."""

    number: int


class Table(NamedTuple):
    """
    Objects that refer to each other.

    :ivar classes: the class of each object
    :ivar states: its attributes, with :class:`Entry` in place of objects of the table
    :ivar value: what was put in
    """

    classes: list[type]
    states: list[dict[str, Any]]
    value: Any


def to_table(value: Any) -> Table:
    """A value whose ops, tensors, bodies and states are in a table."""
    numbers: dict[Any, int] = {}
    reached: list[Any] = []

    def put(item: Any) -> Any:
        """The item, or its number in the table of what is reached."""
        if isinstance(item, _IN_TABLE):
            if item not in numbers:
                numbers[item] = len(reached)
                reached.append(item)
            return Entry(numbers[item])
        return _mapped(item, put)

    top = put(value)
    states: list[dict[str, Any]] = []
    while len(states) < len(reached):
        item = reached[len(states)]
        states.append({name: put(part) for name, part in _state(item).items()})
    return Table([type(item) for item in reached], states, top)


def from_table(table: Table) -> Any:
    """The value again."""
    objects: list[Any] = [object.__new__(cls) for cls in table.classes]

    def get(item: Any) -> Any:
        return objects[item.number] if isinstance(item, Entry) else _mapped(item, get)

    for item, state in zip(objects, table.states):
        for name, part in state.items():
            object.__setattr__(item, name, get(part))
    for item in objects:
        complete(item)
    return get(table.value)


def _state(item: Any) -> dict[str, Any]:
    if isinstance(item, Tensor):
        return {name: getattr(item, name) for name in Tensor.__slots__}
    forgotten = getattr(type(item), "not_pickled", ())
    return {name: part for name, part in vars(item).items() if name not in forgotten}


def _mapped(item: Any, function: Any) -> Any:
    if type(item) in (list, tuple, set, frozenset):
        return type(item)(function(part) for part in item)
    if isinstance(item, tuple) and hasattr(item, "_fields"):
        return type(item)(*(function(part) for part in item))
    if type(item) is dict:
        return {function(key): function(part) for key, part in item.items()}
    return item
