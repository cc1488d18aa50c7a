"""Jobs of many kinds, for the generated graphs."""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterator
from typing import Any

from sisyphus import Job, Task, tk


class SourceJob(Job):
    """Makes a file, values and a directory."""

    def __init__(self, name: Any = "source", *, size: Any = 3):
        self.out_file = self.output_path("file.txt")
        self.out_value = self.output_var("value")
        self.out_table = self.output_var("table", pickle=True)
        self.out_dir = self.output_path("parts", directory=True)

    def tasks(self) -> Iterator[Task]:
        """One."""
        yield Task("run", mini_task=True)

    def run(self) -> None:
        """Nothing."""


class AnyJob(Job):
    """Takes anything."""

    def __init__(self, *args: Any, **kwargs: Any):
        self.args, self.kwargs = args, kwargs
        self.out = self.output_path("out")


class KeywordJob(Job):
    """Has defaults."""

    def __init__(self, value: Any, other: Any = (1, 2), *, flag: bool = False, config: Any = None):
        self.value = value
        self.out = self.output_path("out")


class ForgetfulJob(Job):
    """Keeps nothing of what it gets, and hashes the first argument alone."""

    def __init__(self, value: Any, unhashed: Any = None):
        self.out = self.output_path("out")

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of the first one."""
        return super().hash({"value": parsed_args["value"]})


class ExcludingJob(Job):
    """Has arguments that count only if they are set."""

    __sis_hash_exclude__ = {"new": None, "flag": False, "sizes": [1, 2], "rate": float("nan")}

    def __init__(self, old: Any, new: Any = None, flag: Any = False, sizes: Any = (1, 2), rate: Any = 0.0):
        self.out = self.output_path("out")


class OverwritingJob(Job):
    """Has values that count as others."""

    __sis_hash_overwrite__ = [("kind", "b", "a"), ("kind", "a", "c"), ("size", 2, 1), ("missing", 1, 2)]

    def __init__(self, kind: Any, size: Any = 1):
        self.out = self.output_path("out")


class VersionJob(Job):
    """Has a version."""

    __sis_version__: Any = 2

    def __init__(self, value: Any = None):
        self.out = self.output_path("out")


class ListVersionJob(VersionJob):
    """Has another version, and hashes also what it was derived for."""

    __sis_version__ = [1, "two", {"three": None}]
    __sis_hash_exclude__ = {"value": 1}


class OwnHashJob(Job):
    """Is called as it is told to."""

    def __init__(self, name: Any):
        self.out = self.output_path("out")

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """The argument itself."""
        return parsed_args["name"]  # type: ignore[no-any-return]


class OtherSelfJob(Job):
    """Calls itself otherwise."""

    def __init__(this, value: Any, self: Any = 1):  # noqa: N805
        this.value = value
        this.out = this.output_path("out")


class NoInitJob(Job):
    """Has no ``__init__``."""


class StarJob(Job):
    """Has no name for itself."""

    def __init__(*args: Any, **kwargs: Any):
        pass


class HiddenInputJob(Job):
    """Makes a job of its own."""

    def __init__(self, number: Any):
        self.hidden = SourceJob(("hidden", number)).out_file
        self.out = self.output_path("out")


class MutatingJob(Job):
    """Changes what it gets."""

    def __init__(self, values: list):
        values.append("changed")
        self.values = values
        self.out = self.output_path("out")


class LockJob(Job):
    """Keeps something of which nothing is known."""

    def __init__(self, value: Any):
        self.lock = threading.Lock()


class FailingJob(Job):
    """Cannot be made."""

    def __init__(self, value: Any):
        self.out = self.output_path("out")
        raise ValueError(value)


class TwiceJob(Job):
    """Declares outputs twice."""

    def __init__(self, value: Any, *, variable: bool = False):
        self.out = self.output_path("out")
        self.again = self.output_var("out") if variable else self.output_path("out")


class DerivedJob(KeywordJob):
    """Gives other arguments to its base."""

    def __init__(self, first: Any, **rest: Any):
        super().__init__(first, **rest)
        self.first = [first]


def logged(init: Any) -> Any:
    """An ``__init__`` within another one, whose arguments are those of the outer one."""

    @functools.wraps(init)
    def outer(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)

    return outer


class PositionalJob(Job):
    """Has an argument that has no name to be given by."""

    def __init__(self, value: Any, /, other: Any = 1, **rest: Any):
        self.out = self.output_path("out")


class WrappedJob(Job):
    """Has an ``__init__`` within another one."""

    @logged
    def __init__(self, value: Any = 1, other: Any = 2):
        self.value = value
        self.out = self.output_path("out")


class AttributesJob(Job):
    """Keeps its arguments by themselves."""

    def __init__(self, value: Any, out: Any = None, tags: Any = None):
        self.out = self.output_path("out")
        self.set_attrs(locals())


class SelfMakingJob(Job):
    """Makes a smaller one of itself."""

    def __init__(self, number: int):
        self.smaller = SelfMakingJob(number - 1).out if number > 0 else None
        self.out = self.output_path("out")


class PathLike:
    """Says that it is a path."""

    _sis_path = True
    creator = None
    tags: tuple = ()


class UsedPath(PathLike):
    """Says so and takes its users."""

    def add_user(self, user: Any) -> None:
        """Takes note of a job."""


class Outer:
    """Has a job."""

    class InnerJob(Job):
        """Is not at the top of its module."""

        def __init__(self, value: Any):
            self.out = self.output_path("out")


class OwnPath(tk.Path):
    """A path of one's own."""
