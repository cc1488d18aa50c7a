"""The arguments with which a job is asked for: by their names, and what is wrong with them."""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Iterator
from typing import Any

from .refusal import Refusal

_IN_TAGS = "-.0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz"


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
                f"{job_class.__name__}: sis_tags has {tag!r}, with {wrong[0]!r}: tags are words of A-Z, a-z, 0-9 and - . _ "
                "alone, with Sisyphus too"
            )
    return tags


def by_name(job_class: type, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """
    All arguments with their defaults, but for the job itself, whatever ``__init__`` calls it.

    :raises TypeError: if ``__init__`` does not take them
    """
    init = job_class.__init__  # type: ignore[misc]
    own = inspect.getfullargspec(init).args
    if not own:
        raise TypeError(f"{job_class.__name__}.__init__ must have a first argument by a name of its own: self")
    parsed = inspect.getcallargs(init, None, *args, **kwargs)
    del parsed[own[0]]
    return parsed


@contextlib.contextmanager
def explained(job_class: type, places: dict[str, Any]) -> Iterator[None]:
    """Has a refusal of a value say which argument or attribute of which job it is."""
    try:
        yield
    except Refusal as refusal:
        raise refusal.of(job_class.__name__, places) from refusal
