"""The arguments with which a job is asked for: by their names, their hash, and what is wrong with them."""

from __future__ import annotations

import contextlib
import copy
import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from .refusal import Refusal, advice, shortened, type_name

_IN_TAGS = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"

_IN_HASHES = frozenset(_IN_TAGS + "/")


def take_tags(job_class: type, kwargs: dict[str, Any]) -> Any:
    """
    The words given as ``sis_tags=``, which is taken out; None: none are given.

    :raises TypeError: for one with a character that cannot stand in a directory's name
    """
    tags = kwargs.pop("sis_tags", None)
    for tag in tags if tags is not None else ():
        wrong = [character for character in tag if character not in _IN_TAGS]
        if wrong:
            raise TypeError(
                f"{job_class.__name__}: sis_tags has {tag!r}, with {wrong[0]!r}: tags are words of A-Z, a-z, 0-9 and "
                "- . _ alone, with Sisyphus too"
            )
    return tags


def by_name(job_class: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """
    All arguments with their defaults, but for the job itself, whatever ``__init__`` calls it.

    :raises TypeError: if ``__init__`` does not take them
    """
    init = job_class.__init__  # type: ignore[misc]
    signature, own, is_odd = _signature(init)
    if own is None:
        raise TypeError(f"{job_class.__name__}.__init__ must have a first argument by a name of its own: self")
    try:
        if is_odd:
            raise TypeError
        bound = signature.bind(None, *args, **kwargs)
    except TypeError:
        parsed = inspect.getcallargs(init, None, *args, **kwargs)  # whose message is the one that Python gives
    else:
        bound.apply_defaults()
        parsed = dict(bound.arguments)
    del parsed[own]
    return parsed


@functools.lru_cache(maxsize=10_000)
def _signature(init: Callable[..., Any]) -> tuple[inspect.Signature, str | None, bool]:
    """
    The signature of an ``__init__``, kept, as thousands of jobs are of one class; the name that it has for the job; and
    whether it is one of those that Python takes apart otherwise than Sisyphus.
    """
    own = inspect.getfullargspec(init).args
    signature = inspect.signature(init, follow_wrapped=False)
    kinds = [parameter.kind for parameter in list(signature.parameters.values())[1:]]
    return signature, own[0] if own else None, inspect.Parameter.POSITIONAL_ONLY in kinds


def checked_hash(job_class: Any, parsed: dict[str, Any]) -> str:
    """
    The hash of a job's arguments, as its class makes it.

    :param parsed: all arguments by their names
    :raises TypeError: if it is something that cannot stand in an id
    """
    found = job_class.hash(parsed)
    if not isinstance(found, str) or not all(character in _IN_HASHES for character in found):
        raise TypeError(
            f"{job_class.__name__}.hash() gives {found!r}: a job's hash is a str of A-Z, a-z, 0-9 and . - _ / alone, "
            "as it is part of a directory's name; with Sisyphus too"
        )
    return found


def copied(job_class: type, args: tuple, kwargs: dict[str, Any], parsed: dict[str, Any]) -> tuple[Any, Any, Any]:
    """
    Copies of all arguments, so that the job stays as it is whatever is done to them later.

    :raises TypeError: for an argument that cannot be copied
    """
    try:
        return copy.deepcopy((args, kwargs, parsed))
    except Exception as error:
        name, value = next((item for item in parsed.items() if not _can_be_copied(item[1])), ("an argument", parsed))
        raise TypeError(
            f"{job_class.__name__}: {name} is {shortened(value)}, of type {type_name(value)}, which cannot be copied: "
            f"{error}. All arguments of a job are, with Sisyphus too. Give {advice(value, name)} instead"
        ) from error


def _can_be_copied(value: Any) -> bool:
    try:
        copy.deepcopy(value)
    except Exception:
        return False
    return True


@contextlib.contextmanager
def explained(job_class: type, places: dict[str, Any]) -> Iterator[None]:
    """Has a refusal of a value say which argument or attribute of which job it is."""
    try:
        yield
    except Refusal as refusal:
        raise refusal.of(job_class.__name__, places) from refusal
