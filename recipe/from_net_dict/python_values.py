"""Values of a config that is read without being run: plain Python values, dims, and what cannot be told."""

from __future__ import annotations

import ast
from collections import ChainMap
from collections.abc import Callable, Iterable, MutableMapping, Sequence
from typing import Any, NamedTuple


class CannotRead(Exception):
    """
    What a part of a config is can only be told by running it.

    :param node: the part
    :param why: what about it
    """

    def __init__(self, node: ast.AST, why: str):
        super().__init__(why)
        self.line = getattr(node, "lineno", 0)
        self.why = why


class Unreadable(NamedTuple):
    """
    Stands where a value cannot be told.

    :ivar line: of the config
    :ivar why: what about it
    """

    line: int
    why: str

    def __repr__(self) -> str:
        return f"<line {self.line}: {self.why}>"


class EpochValue(NamedTuple):
    """
    ``WrapEpochValue(function)``: a value of a net dict that pretraining gives anew for each epoch.

    :ivar function: of the config, it takes ``epoch``
    """

    function: Any


class Names(ChainMap):
    """The names that a function or a comprehension sees: its own ones, and those around it."""

    def __init__(self, *maps: MutableMapping[str, Any]):
        super().__init__(*maps)
        self.elsewhere: dict[str, MutableMapping[str, Any]] = {}
        """Where names are assigned that are declared ``global`` or ``nonlocal``."""

    def __setitem__(self, key: str, value: Any) -> None:
        self.elsewhere.get(key, self.maps[0])[key] = value

    def inside(self) -> Names:
        """The names within."""
        return Names({}, *self.maps)

    def declare(self, names: Iterable[str], *, is_global: bool) -> None:
        """``global`` or ``nonlocal``."""
        for name in names:
            around = self.maps[-1] if is_global else next((one for one in self.maps[1:] if name in one), self.maps[0])
            self.elsewhere[name] = around


class Function:
    """
    A function that the config defines, one of a class, or a lambda.

    :param definition: its syntax tree
    :param names: what it sees
    :param instance: for a method: what it is called of
    :param owner: for a method: the class that defines it
    """

    def __init__(
        self,
        definition: ast.FunctionDef | ast.Lambda,
        names: Names,
        instance: Any = None,
        owner: ConfigClass | None = None,
    ):
        self.definition, self.names, self.instance, self.owner = definition, names, instance, owner
        self.name: str = getattr(definition, "name", "lambda")

    def __deepcopy__(self, memo: dict) -> Function:
        return self

    def __repr__(self) -> str:
        return f"<function {self.name} of line {self.definition.lineno}>"


class ConfigClass:
    """
    A class that the config defines.

    :param name: of it
    :param bases: the classes that it inherits from
    :param attributes: what its body defines
    """

    def __init__(self, name: str, bases: list[ConfigClass], attributes: dict[str, Any]):
        self.name, self.bases, self.attributes = name, bases, attributes

    def find(self, name: str) -> tuple[ConfigClass, Any]:
        """
        An attribute, with the class that defines it.

        :raises AttributeError: if there is none
        """
        if name in self.attributes:
            return self, self.attributes[name]
        for base in self.bases:
            try:
                return base.find(name)
            except AttributeError:
                pass
        raise AttributeError(f"{self.name} has no {name}")

    def __repr__(self) -> str:
        return f"<class {self.name}>"


class Instance:
    """
    An object of a class that the config defines.

    :param kind: the class
    """

    def __init__(self, kind: ConfigClass):
        self.kind = kind
        self.attributes: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"<a {self.kind.name}>"


class Super(NamedTuple):
    """``super()`` in a method: the classes that its own one inherits from."""

    owner: ConfigClass
    instance: Instance


class Namespace:
    """
    A module whose functions without effects are called.

    :param members: by name
    """

    def __init__(self, **members: Any):
        self.members = members


class Record(dict):
    """A named tuple of the config, as a dict of its fields."""


class Options:
    """
    The object ``config``.

    :param given: what it gives in place of a default
    """

    def __init__(self, given: dict[str, Any]):
        self._given = given

    def value(self, name: str, default: Any = None, *_: Any, **__: Any) -> Any:
        """What is given, or the default."""
        return self._given.get(name, default)

    def has(self, name: str) -> Any:
        """Whether it is given."""
        return name in self._given

    def is_true(self, name: str, default: Any = False) -> Any:
        """Whether it is given, and true."""
        return True if self._given.get(name, default) else False

    typed_value = opt_typed_value = int = float = bool = list = int_list = float_list = value


def named_tuple(name: str, fields: Sequence[str] | str) -> Callable[..., Record]:
    """``namedtuple("LSTMStateTuple", ("c", "h"))``: makes records of these fields."""
    names = fields.replace(",", " ").split() if isinstance(fields, str) else list(fields)
    return lambda *values, **named: Record(zip(names, values), **named)
