"""Arguments of which no id can be made: which they are, where they stand and what to give in their place."""

from __future__ import annotations

import collections
from typing import Any

_LONGEST = 100

_ADVICE = {
    "decimal.Decimal": "float({name}) or str({name})",
    "datetime.date": "{name}.isoformat()",
    "datetime.datetime": "{name}.isoformat()",
    "datetime.time": "{name}.isoformat()",
    "collections.deque": "list({name})",
    "builtins.bytearray": "bytes({name})",
    "builtins.memoryview": "bytes({name})",
    "array.array": "list({name})",
    "builtins.generator": "list({name})",
    "builtins.mappingproxy": "dict({name})",
    "types.UnionType": "a tuple of the types, or its name as str",
    "operator.itemgetter": "a function that has a name in a module (def)",
    "operator.attrgetter": "a function that has a name in a module (def)",
    "operator.methodcaller": "a function that has a name in a module (def)",
    "builtins.function": "a function that has a name in a module (def)",
    "builtins.object": "a str, or an object of a class of your own that has attributes",
    "_io.TextIOWrapper": "tk.Path(...) of the file",
}


class Refusal(TypeError):
    """
    A value of which no id can be made.

    :param value: the value
    :param reason: why, of "it"
    """

    def __init__(self, value: Any, reason: str):
        super().__init__(f"{shortened(value)} ({type_name(value)}) cannot be hashed: {reason}")
        self.value = value
        self.reason = reason

    def of(self, owner: str, places: dict[str, Any]) -> TypeError:
        """
        The error for the person who wrote the graph.

        :param owner: the job that it is an argument of
        :param places: what is searched for the value, by name: arguments, attributes
        """
        name = find(self.value, places) or f"a {type_name(self.value)}"
        return TypeError(
            f"{owner}: {name} is {shortened(self.value)}, of type {type_name(self.value)}, of which no id can be made, "
            f"with Sisyphus neither: {self.reason}. Give {advice(self.value, name)} instead"
        )


def find(value: Any, places: dict[str, Any]) -> str | None:
    """Where a value stands within others: ``config['learning_rates'][0]``."""
    queue = collections.deque(places.items())
    seen: dict[int, Any] = {}
    while queue:
        name, item = queue.popleft()
        if item is value:
            return name
        if id(item) in seen or isinstance(item, (str, bytes, int, float)):
            continue
        seen[id(item)] = item
        if isinstance(item, dict):
            queue.extend((f"{name}[{key!r}]", entry) for key, entry in item.items())
            queue.extend((f"a key of {name}", key) for key in item)
        elif isinstance(item, (list, tuple)):
            queue.extend((f"{name}[{number}]", entry) for number, entry in enumerate(item))
        elif isinstance(item, (set, frozenset)):
            queue.extend((f"an item of {name}", entry) for entry in item)
        else:
            queue.extend((f"{name}.{key}", entry) for key, entry in _parts(item))
    return None


def _parts(value: Any) -> list[tuple[str, Any]]:
    found = dict(getattr(value, "__dict__", {})) if not isinstance(value, type) else {}
    for attribute in ("__slots__", "__match_args__"):
        names = getattr(type(value), attribute, ())
        found.update({key: getattr(value, key) for key in names if isinstance(key, str) and hasattr(value, key)})
    for key in ("func", "args", "keywords", "__self__", "__func__", "start", "stop", "step"):  # types written in C
        if key in dir(value) and key not in found:
            found[key] = getattr(value, key, None)
    return list(found.items())


def advice(value: Any, name: str) -> str:
    """What to give in place of a value."""
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    name = name if name.isprintable() and " " not in name and len(name) < _LONGEST else "it"
    if kind in _ADVICE:
        return _ADVICE[kind].format(name=name)
    if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
        return f"{name}.tolist()"
    if hasattr(value, "__next__") or hasattr(value, "__iter__"):
        return f"list({name}), with plain values in it,"
    if isinstance(value, type):
        return "a class of a module that can be imported"
    return "plain values, or an object whose class has __sis_state__(),"


def type_name(value: Any) -> str:
    """The name of a value's type, with its module unless it is built in."""
    module, name = type(value).__module__, type(value).__qualname__
    return name if module == "builtins" else f"{module}.{name}"


def shortened(value: Any) -> str:
    """A value as text, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:
        text = object.__repr__(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
