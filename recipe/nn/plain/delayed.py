"""
Values that are not there yet: another job gives them later.

A vocabulary size, the scale of a language model or the path of a file may be the output of a job. In a network it stays
what it is, an object that can be asked later, and only the job that runs the network asks it. The network's hash takes
where the value comes from, not the value, so it is the same before and after.

What can stand for such a value is anything with ``get()`` that gives it, and with ``_sis_hash()``, bytes that say where
it comes from: ``tk.Variable`` and ``tk.Path`` of Sisyphus do. Expressions of them (``variable + 1``, which Sisyphus
makes objects with ``get()`` and ``is_set()`` of) can, too: they are told apart by their class and what they hold.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .errors import NetworkError
from .number import plain_number


class Delayed:
    """
    One value that is not there yet.

    :param source: what will give it
    :param what: what it is for, in messages: "the size of dim 'labels'"
    :param check: says whether a value fits, given once it is there
    :param wanted: what fits, in messages
    """

    def __init__(
        self,
        source: Any,
        what: str = "a value",
        *,
        check: Callable[[Any], bool] | None = None,
        wanted: str = "another value",
    ):
        self.source = source
        self.what = what
        self.check = check
        self.wanted = wanted
        self.origin = origin_of(source)

    def is_available(self) -> bool:
        """Whether :meth:`get` has a value."""
        for name in ("is_set", "available"):
            method = getattr(self.source, name, None)
            if callable(method):
                return bool(method())
        return True

    def get(self) -> Any:
        """
        The value.

        :raises NetworkError: if the job that gives it has not run, or if it is a value that does not fit
        """
        if not self.is_available():
            raise NetworkError(
                f"there is no value yet for {self.what}: {origin_text(self.origin)} gives it, in time for the job that "
                "runs the network, but not while the network is made"
            )
        value = plain_number(self.source.get())
        if self.check is not None and not self.check(value):
            raise NetworkError(f"{self.what} must be {self.wanted}, but {origin_text(self.origin)} gives {value!r}")
        return value

    def __bool__(self) -> bool:
        raise NetworkError(
            f"{self.what} cannot be tested while the network is made: {origin_text(self.origin)} gives it later"
        )

    def __deepcopy__(self, memo: dict) -> Delayed:
        return self

    def __repr__(self) -> str:
        return f"<{origin_text(self.origin)}>"


def is_delayed(value: Any) -> bool:
    """Whether it gives a value later."""
    if isinstance(value, Delayed):
        return True
    if isinstance(value, (Mapping, type)) or not callable(getattr(type(value), "get", None)):
        return False
    return hasattr(value, "_sis_hash") or hasattr(value, "is_set")


def delayed_or(value: Any, what: str, check: Callable[[Any], bool], wanted: str) -> Any:
    """
    The value, checked; one that is not there yet as :class:`Delayed`, which checks it later.

    :raises NetworkError: if it does not fit
    """
    if isinstance(value, Delayed):
        return value
    if is_delayed(value):
        return Delayed(value, what, check=check, wanted=wanted)
    value = plain_number(value)
    if not check(value):
        raise NetworkError(f"{what} must be {wanted}, not {value!r}")
    return value


def resolved(value: Any) -> Any:
    """The value itself, also of one that is given later, wherever it stands in lists, tuples and dicts."""
    if isinstance(value, Delayed):
        return value.get()
    if isinstance(value, dict):
        return {key: resolved(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(resolved(item) for item in value)
    return value


class Greatest:
    """
    The greatest of numbers that jobs give.

    :param values: numbers, or :class:`Delayed`
    """

    def __init__(self, *values: Any):
        self.values = values

    def is_set(self) -> bool:
        """Whether all of them are there."""
        return all(value.is_available() for value in self.values if isinstance(value, Delayed))

    def get(self) -> Any:
        """The greatest."""
        return max(resolved(value) for value in self.values)


def greatest(first: Any, second: Any) -> Any:
    """The greater one of two numbers; :class:`Delayed` if a job gives one of them."""
    if not isinstance(first, Delayed) and not isinstance(second, Delayed):
        return max(first, second)
    return first if first is second else Delayed(Greatest(first, second), "the greatest of two numbers")


def origin_of(source: Any) -> Any:
    """
    Where a value comes from, as plain data: what ``_sis_hash()`` says, else its class and what it holds.

    :raises NetworkError: if it holds what has no origin, such as a tensor or a lambda
    """
    if getattr(type(source), "is_of_network", False):
        raise NetworkError(
            f"a value that a job gives was combined with {source} by its own operator. Put the tensor first, as in "
            "tensor * value, or make a tensor of the value: nn.constant(value)"
        )
    if source is None or isinstance(source, (bool, int, float, str)):
        return source
    if isinstance(source, (list, tuple)):
        return [origin_of(item) for item in source]
    if isinstance(source, Mapping):
        return {str(key): origin_of(item) for key, item in source.items()}
    if hasattr(source, "_sis_hash") and not isinstance(source, type):
        said = source._sis_hash()
        return said.decode() if said.isascii() and said.decode().isprintable() else f"sha256 {said.hex()}"
    if inspect.isfunction(source) or inspect.isbuiltin(source) or isinstance(source, type):
        if "<lambda>" in source.__qualname__ or "<locals>" in source.__qualname__:
            raise NetworkError(f"{source!r} has no name that it could be told by: use a function of a module")
        return f"{source.__module__}.{source.__qualname__}"
    return [type(source).__qualname__, {name: origin_of(item) for name, item in sorted(vars(source).items())}]


def origin_text(origin: Any) -> str:
    """An origin for readers: ``jobs/vocabulary/CountJob.XXXX/output/size``."""
    if isinstance(origin, str):
        parts = origin.removeprefix("(Path, (tuple, (").removesuffix(")))").split("), (")
        if origin.startswith("(Path, (tuple, ") and len(parts) == 2:
            creator, path = (part.partition(", ")[2].strip("'\"") for part in parts)
            return f"{creator}/{path}" if creator else path
        return origin
    if isinstance(origin, list) and len(origin) == 2 and isinstance(origin[1], dict):
        return f"{origin[0]}({', '.join(origin_text(item) for item in origin[1].values() if item is not None)})"
    return str(origin)
