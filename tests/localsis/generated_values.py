"""Values of all kinds that can be an argument of a job, made by a random generator: the same ones by the same seed."""

from __future__ import annotations

import array
import collections
import contextlib
import datetime
import decimal
import fractions
import functools
import itertools
import operator
import pathlib
import random
import re
import string
import sys
import threading
import types
import uuid
from collections.abc import Callable
from typing import Any

import numpy

from . import generated_classes as classes
from .generated_of_this_python import makers

Make = Callable[[], Any]


class Values:
    """
    Makes values.

    :param chosen: what all of it depends on
    :param of_this_python: whether also values whose ids depend on the versions of Python and NumPy
    """

    def __init__(self, chosen: random.Random, *, of_this_python: bool = False):
        self.chosen = chosen
        self._depth = 0
        self.kinds: list[tuple[int, list[Make]]] = [
            (30, self._plain()),
            (20, self._containers()),
            (5, self._odd_containers()),
            (5, self._numpy()),
            (5, self._standard_library()),
            (12, self._objects()),
            (5, self._functions()),
            (3, self._odd_objects()),
            *([(6, makers(self))] if of_this_python else []),
        ]

    def value(self, depth: int = 3) -> Any:
        """Any value; with a depth of 0 a plain one."""
        if depth <= 0:
            return self.plain()
        self._depth = depth
        weights = [weight for weight, _ in self.kinds]
        (_, makers), *_ = self.chosen.choices(self.kinds, weights)
        return self.chosen.choice(makers)()

    def inner(self) -> Any:
        """A value within another one."""
        depth = self._depth
        made = self.value(depth - self.chosen.randint(1, 2))
        self._depth = depth
        return made

    def some(self, most: int = 4) -> list[Any]:
        """Several values."""
        return [self.inner() for _ in range(self.chosen.randint(0, most))]

    def plain(self) -> Any:
        """None, a number or text."""
        return self.chosen.choice(self.kinds[0][1])()

    def word(self) -> str:
        """A short text."""
        return "".join(self.chosen.choices(string.ascii_lowercase, k=self.chosen.randint(1, 6)))

    def number(self) -> float:
        """Any float."""
        return self.chosen.choice([0.0, -0.0, 1e-3, 0.1, 1e22, 1e16, float("inf"), float("nan"), self.chosen.random()])

    def hashable(self) -> Any:
        """What can be in a set."""
        return self.chosen.choice(
            [self.word, self.number, lambda: self.chosen.randint(-9, 9), lambda: (self.word(), 1), lambda: None]
        )()

    def _plain(self) -> list[Make]:
        pick = self.chosen
        return [
            lambda: None,
            lambda: pick.choice([True, False]),
            lambda: pick.randint(-5, 5),
            lambda: pick.choice([1, -1]) * 10 ** pick.randint(0, 40),
            self.number,
            lambda: complex(self.number(), pick.randint(-2, 2)),
            self.word,
            lambda: pick.choice(["", "'", '"', "a\nb", "\u00e4\u4e2d", "\x00", "\ud800", "x" * 5000, "\\", "(int, 1)"]),
            lambda: bytes(pick.randbytes(pick.randint(0, 5))),
            lambda: pick.choice([b"", b"x" * 4100, b")", "b", 1.0, 1, True, 0]),
        ]

    def _containers(self) -> list[Make]:
        pick = self.chosen
        return [
            self.some,
            lambda: tuple(self.some()),
            lambda: {self.word(): self.inner() for _ in range(pick.randint(0, 4))},
            lambda: {self.hashable(): self.inner() for _ in range(pick.randint(0, 3))},
            lambda: {self.hashable() for _ in range(pick.randint(0, 4))},
            lambda: frozenset(self.hashable() for _ in range(pick.randint(0, 4))),
            lambda: [self.number() for _ in range(pick.randint(1, 20))],
            lambda: {f"key_{index}": pick.randint(0, 9) for index in range(pick.choice([3, 300]))},
            lambda: [[self.inner()]] * 2,
        ]

    def _odd_containers(self) -> list[Make]:
        def containing_itself() -> Any:
            made: list[Any] = [1]
            made.append(made)
            return made

        return [
            lambda: collections.OrderedDict((self.word(), self.inner()) for _ in range(2)),
            lambda: collections.Counter(self.word()),
            lambda: collections.defaultdict(list, {self.word(): self.inner()}),
            lambda: collections.ChainMap({self.word(): self.inner()}, {}),
            lambda: collections.UserDict({self.word(): self.inner()}),
            lambda: collections.UserList(self.some()),
            lambda: collections.deque(self.some()),
            lambda: classes.Queue(self.some()),
            lambda: bytearray(b"abc"),
            lambda: memoryview(b"abc"),
            lambda: array.array("d", [1.0, 2.0]),
            lambda: types.MappingProxyType({self.word(): 1}),
            lambda: {self.word(): self.inner()}.items(),
            lambda: {self.word(): 1}.keys(),
            lambda: range(self.chosen.randint(0, 5), 9),
            lambda: slice(None, self.chosen.randint(0, 5)),
            lambda: classes.Point(self.inner()),
            lambda: classes.Pair(1, self.inner()),
            lambda: classes.Items(self.some()),
            lambda: classes.Dictionary({self.word(): self.inner()}),
            lambda: classes.Group([1]),
            lambda: classes.Tuple(self.some()),
            lambda: iter(self.some()),
            lambda: reversed(self.some()),
            lambda: map(classes.double, [1]),
            lambda: zip([1], [2]),
            lambda: enumerate(self.some()),
            lambda: filter(None, [1]),
            lambda: classes.generate([1]),
            lambda: itertools.count(2),
            lambda: itertools.chain([1], [2]),
            containing_itself,
        ]

    def _numpy(self) -> list[Make]:
        pick = self.chosen
        kinds = "float64 float32 float16 int64 int32 int8 uint8 bool_ str_ bytes_ complex128 complex64".split()
        return [
            lambda: getattr(numpy, pick.choice(kinds))(pick.randint(0, 5)),
            lambda: numpy.float64(self.number()),
            lambda: numpy.str_(self.word()),
            lambda: numpy.int64(pick.randint(0, 99)),
            lambda: numpy.linspace(1e-4, 1e-3, pick.randint(1, 9)),
            lambda: list(numpy.linspace(1e-4, 1e-3, pick.randint(1, 9))),
            lambda: numpy.linspace(1e-4, 1e-3, 3).tolist(),
            lambda: numpy.arange(pick.randint(0, 5)),
            lambda: numpy.array(self.number()),
            lambda: numpy.array([{"a": 1}, None], dtype=object),
            lambda: numpy.zeros((2, pick.randint(1, 3)), dtype=pick.choice(["int8", "float32", "bool"])),
            lambda: numpy.zeros(2).view(classes.Array),
            lambda: numpy.datetime64("2020-01-01"),
            lambda: numpy.timedelta64(5, "s"),
            lambda: {"learning_rates": numpy.full(3, self.number())},
            lambda: {"max_seqs": numpy.int64(pick.randint(1, 20))},
            lambda: getattr(numpy, pick.choice(["float64", "int8", "complex64", "ndarray"])),
        ]

    def _standard_library(self) -> list[Make]:
        day = datetime.datetime(2020, 1, self.chosen.randint(1, 28), 5)
        return [
            lambda: decimal.Decimal("0.1"),
            lambda: fractions.Fraction(self.chosen.randint(0, 9), 7),
            lambda: day,
            lambda: day.date(),
            lambda: day.time(),
            lambda: datetime.timedelta(seconds=self.chosen.randint(0, 9)),
            lambda: datetime.timezone.utc,
            lambda: uuid.UUID(int=self.chosen.randint(0, 9)),
            lambda: pathlib.PurePosixPath(self.word(), "b"),
            lambda: pathlib.Path(self.word()),
            lambda: re.compile(self.word()),
            lambda: types.SimpleNamespace(a=self.inner()),
            lambda: self.chosen.choice(list(classes.Colour)),
            lambda: self.chosen.choice(list(classes.Level)),
            lambda: self.chosen.choice([classes.Colour, classes.Level, classes.Bits]),
            lambda: int | str,
            lambda: [int | None],
            lambda: ValueError(self.word()),
            lambda: threading.Lock(),
            lambda: contextlib.nullcontext(self.inner()),
            lambda: self.chosen.choice([..., NotImplemented, Ellipsis]),
            lambda: random.Random(self.chosen.randint(0, 3)),
            lambda: sys,
        ]

    def _objects(self) -> list[Make]:
        return [
            lambda: classes.Attributes(**{self.word(): self.inner() for _ in range(2)}),
            lambda: classes.Attributes(),
            lambda: classes.SameAsClass(self.inner()),
            lambda: classes.Options(self.inner()),
            lambda: classes.Frozen(self.inner()),
            lambda: classes.Slots(self.inner(), self.inner()),
            lambda: classes.OneSlot(self.inner()),
            lambda: classes.SlotsAndDict(self.inner()),
            lambda: classes.MoreSlots(self.inner(), 1),
            lambda: classes.SisState(self.inner()),
            lambda: classes.GetState(self.inner()),
            lambda: classes.NewArguments(self.inner()),
            lambda: classes.NewKeywordArguments(self.inner()),
            lambda: classes.Outer.Inner(self.inner()),
            lambda: classes.local_object(self.inner()),
            lambda: classes.Iterating(self.some()),
            lambda: classes.OwnHash(b"(OwnHash, fixed)"),
        ]

    def _functions(self) -> list[Make]:
        return [
            lambda: classes.double,
            lambda: classes.local_function(),
            lambda: lambda x: x,
            lambda: len,
            lambda: str.lower,
            lambda: "text".upper,
            lambda: [1].append,
            lambda: classes.Attributes().method,
            lambda: classes.Attributes.of_the_class,
            lambda: functools.partial(classes.add, self.inner()),
            lambda: functools.partial(classes.add, y=self.inner()),
            lambda: operator.itemgetter(1),
            lambda: operator.attrgetter("a"),
            lambda: operator.methodcaller("a"),
            lambda: operator.add,
            lambda: self.chosen.choice([int, dict, object, type, ValueError, classes.Options, classes.Outer.Inner]),
            lambda: self.chosen.choice([classes.Abstract, classes.WithMeta, classes.Meta, type(None), numpy.ndarray]),
        ]

    def _odd_objects(self) -> list[Make]:
        return [
            lambda: object(),
            lambda: classes.Empty(),
            lambda: classes.NoSlots(),
            lambda: classes.NewArgumentsAlone(),
            lambda: classes.OwnHash(self.chosen.choice(["text", 5, None, bytearray(b"x"), memoryview(b"x"), [b"x"]])),
            lambda: classes.Number(self.chosen.randint(0, 5)),
            lambda: classes.Text(self.word()),
            lambda: classes.Real(self.number()),
            lambda: classes.Complex(1, 2),
            lambda: classes.Raw(b"raw"),
            lambda: classes.Anything(),
            lambda: classes.WithDir(),
            lambda: classes.Broken(),
            lambda: classes.NotCopied(),
            lambda: classes.Equal(),
            lambda: {classes.Colour.RED: self.inner(), classes.Level.LOW: 2},
            lambda: {classes.Frozen(1): self.inner()},
        ]
