"""Classes and functions of many kinds, whose objects the generated values have."""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"
    PAIR = (1, 2.5)


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


class Bits(enum.Flag):
    READ = enum.auto()
    WRITE = enum.auto()


class Point(NamedTuple):
    x: Any
    y: Any = None


Pair = collections.namedtuple("Pair", ["first", "second"])


@dataclasses.dataclass
class Options:
    size: Any
    name: str = "plain"


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen:
    value: Any
    other: Any = ()


class Attributes:
    of_class: Any = [1, 2]
    number = 5

    def __init__(self, **attributes: Any):
        vars(self).update(attributes)

    def method(self) -> int:
        return 0

    @classmethod
    def of_the_class(cls) -> int:
        return 0

    @property
    def derived(self) -> int:
        return 5


class SameAsClass(Attributes):
    def __init__(self, value: Any):
        self.number = 5
        self.of_class = Attributes.of_class
        self._private = value
        self.__mangled = value


class Empty:
    pass


class Slots:
    __slots__ = ("a", "b", "__hidden")

    def __init__(self, a: Any, b: Any = None):
        self.a = a
        if b is not None:
            self.b = b
        self.__hidden = a


class OneSlot:
    __slots__ = "slot"

    def __init__(self, slot: Any):
        self.slot = slot


class NoSlots:
    __slots__ = ()


class SlotsAndDict(Slots):
    def __init__(self, a: Any):
        super().__init__(a)
        self.more = a


class MoreSlots(Slots):
    __slots__ = ("c",)

    def __init__(self, a: Any, c: Any):
        super().__init__(a)
        self.c = c


class SisState:
    def __init__(self, state: Any):
        self.state = state

    def __sis_state__(self) -> Any:
        return self.state


class GetState:
    def __init__(self, state: Any):
        self.state, self.unseen = state, 3

    def __getstate__(self) -> Any:
        return self.state

    def __setstate__(self, state: Any) -> None:
        self.state = state

    def __deepcopy__(self, memo: Any) -> Any:
        return GetState(self.state)


class NewArguments:
    def __new__(cls, value: Any) -> Any:
        made = super().__new__(cls)
        made.value = value
        return made

    def __getnewargs__(self) -> Any:
        return (self.value,)


class NewKeywordArguments(NewArguments):
    def __getnewargs_ex__(self) -> Any:
        return (self.value,), {}


class NewArgumentsAlone:
    __slots__ = ()

    def __getnewargs__(self) -> Any:
        return (7,)


class OwnHash:
    def __init__(self, said: Any):
        self.said = said

    def _sis_hash(self) -> Any:
        return self.said


class Number(int):
    pass


class Text(str):
    pass


class Real(float):
    note = "n"


class Complex(complex):
    pass


class Raw(bytes):
    pass


class Items(list):
    pass


class Dictionary(dict):
    pass


class Group(set):
    pass


class Tuple(tuple):
    pass


class Queue(collections.deque):
    pass


class Array(numpy.ndarray):
    pass


class Abstract(abc.ABC):
    @abc.abstractmethod
    def something(self) -> None:
        """Nothing."""


class Meta(type):
    pass


class WithMeta(metaclass=Meta):
    pass


class Anything:
    """Says that it has each attribute."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return 3


class WithDir:
    def __dir__(self) -> Any:
        return ["here", "gone", "__self__"]

    here = 1

    def __getattribute__(self, name: str) -> Any:
        return 2 if name == "here" else object.__getattribute__(self, name)


class Broken:
    @property
    def _sis_hash(self) -> Any:
        raise ValueError("broken")


class NotCopied:
    def __deepcopy__(self, memo: Any) -> Any:
        raise TypeError("not to be copied")


class Iterating:
    def __init__(self, items: Any):
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class Equal:
    """Is equal to anything."""

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


class Outer:
    class Inner:
        def __init__(self, value: Any):
            self.value = value


def double(x: Any) -> Any:
    return 2 * x


def add(x: Any, y: Any = 0) -> Any:
    return x + y


def local_function() -> Any:
    def local(x: Any) -> Any:
        return x

    return local


def local_object(value: Any) -> Any:
    class Local:
        pass

    made = Local()
    made.value = value  # type: ignore[attr-defined]
    return made


def generate(items: Any) -> Iterator[Any]:
    yield from items
