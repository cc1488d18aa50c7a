"""Jobs and arguments of many kinds, whose ids Sisyphus itself has given: see golden_ids.json."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import pathlib
from collections.abc import Iterator
from typing import Any, NamedTuple

from sisyphus import Job, Task, tk


class Colour(enum.Enum):
    RED = 1
    BLUE = "blue"


class Point(NamedTuple):
    x: int
    y: float


@dataclasses.dataclass
class Options:
    size: int
    name: str = "plain"


class Slotted:
    __slots__ = ("a", "b")

    def __init__(self) -> None:
        self.a, self.b = 1, "two"


class Plain:
    shared = 3

    def __init__(self) -> None:
        self.value = [1, 2]

    def method(self) -> int:
        return 0

    @property
    def derived(self) -> int:
        return 5


class WithHash:
    def _sis_hash(self) -> bytes:
        return b"(WithHash, fixed)"


class WithState:
    def __sis_state__(self) -> dict[str, int]:
        return {"only": 1}


class WithGetstate:
    def __init__(self) -> None:
        self.seen, self.unseen = 1, 2

    def __getstate__(self) -> dict[str, int]:
        return {"seen": self.seen}


def function(x: int) -> int:
    return x


class ExampleJob(Job):
    def __init__(self, value: Any = None, *, number: int = 3, **rest: Any):
        self.value = value
        self.out = self.output_path("out")
        self.out_value = self.output_var("value")

    def tasks(self) -> Iterator[Task]:
        yield Task("run")


class ExcludingJob(Job):
    __sis_hash_exclude__ = {"verbose": False, "limit": None}

    def __init__(self, value: Any, verbose: bool = False, limit: int | None = None):
        self.out = self.output_path("out")


class VersionedJob(Job):
    __sis_version__ = 2
    __sis_hash_overwrite__ = [("mode", "old", "new")]

    def __init__(self, mode: str):
        pass


class OwnHashJob(Job):
    def __init__(self, value: Any, device: str):
        pass

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        return super().hash({"value": parsed_args["value"]})


def examples() -> dict[str, Job]:
    """The jobs by a name for each."""
    first = ExampleJob("first")
    values: dict[str, Any] = {
        "none": None,
        "true": True,
        "one": 1,
        "one_float": 1.0,
        "negative_zero": -0.0,
        "small": 1e-8,
        "complex": 1 + 2j,
        "text": "a'b\"\n\u00e4",
        "bytes": b"\x00\xff",
        "empty": [],
        "list": [1, 2],
        "tuple": (1, 2),
        "nested": {"a": [1, {"b": (None, "x")}], "c": {1, 2, 3}},
        "other_order": {"c": {3, 2, 1}, "a": [1, {"b": (None, "x")}]},
        "frozen": frozenset(["a", "b"]),
        "ordered": collections.OrderedDict([("b", 1), ("a", 2)]),
        "int_keys": {1: "a", 2: "b"},
        "long": {f"key_{index}": index for index in range(1000)},
        "enum": Colour.RED,
        "enum_text": Colour.BLUE,
        "enum_class": Colour,
        "named_tuple": Point(1, 2.5),
        "dataclass": Options(3),
        "dataclass_other": Options(3, "other"),
        "slots": Slotted(),
        "plain": Plain(),
        "own_hash": WithHash(),
        "own_state": WithState(),
        "getstate": WithGetstate(),
        "function": function,
        "builtin": len,
        "class": Plain,
        "job_class": ExampleJob,
        "partial": functools.partial(function, x=2),
        "bound_method": Plain().method,
        "pure_path": pathlib.PurePosixPath("a/b"),
        "path": tk.Path("some/file"),
        "path_overwrite": tk.Path("some/file", hash_overwrite="THE_FILE"),
        "path_cached": tk.Path("some/file", cached=True),
        "job": first,
        "job_output": first.out,
        "job_output_nested": {"data": [first.out, {"x": first.out_value}]},
        "joined": first.out.join_right("more"),
    }
    jobs = {name: ExampleJob(value) for name, value in values.items()}
    jobs["number"] = ExampleJob(number=4)
    jobs["rest"] = ExampleJob(1, other="x")
    jobs["default_given"] = ExampleJob(None, number=3)
    jobs["excluded"] = ExcludingJob(1, verbose=False)
    jobs["not_excluded"] = ExcludingJob(1, verbose=True, limit=3)
    jobs["version"] = VersionedJob("other")
    jobs["overwritten"] = VersionedJob("old")
    jobs["own_hash_method"] = OwnHashJob(1, "cpu")
    return jobs
