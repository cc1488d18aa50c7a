"""The arguments of a saved job as plain values for readers, and in what those of two jobs differ."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from recipe.nn.canonical.difference import Side, form_difference

from .saved_job import Record, SavedJob

_MISSING = object()


class Text(str):
    """A text that is shown without quotes: a path, a class."""

    def __repr__(self) -> str:
        return str(self)


class Difference(NamedTuple):
    """
    One difference.

    :ivar path: where: ``config/learning_rate``
    :ivar lines: what, each line by itself
    """

    path: str
    lines: list[str]


def plain(value: Any, job: SavedJob) -> Any:
    """A value of a saved job: containers and numbers as they are, paths by job, networks as their canonical forms."""
    if isinstance(value, Record):
        return _plain_record(value, job)
    if isinstance(value, dict):
        return {str(key): plain(item, job) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item, job) for item in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item, job) for item in value), key=repr)
    return value


def _plain_record(record: Record, job: SavedJob) -> Any:
    state = record.state
    if "canonical_form" in state and "names" in state:
        return Side(state["canonical_form"], state["names"])
    if "path" in state and "creator" in state:
        overwrite = state.get("hash_overwrite") or state.get("_hash_overwrite")
        path = job.relative(str(state["path"]))
        return Text(f"{path} (hashed as {overwrite[1]})" if overwrite else path)
    if len(state) == 1 and not record.arguments:
        (only,) = (plain(item, job) for item in state.values())
        if isinstance(only, Text):
            return only  # a Checkpoint: a path under another name
    attributes = {name: plain(item, job) for name, item in state.items()}
    if record.arguments:
        attributes["arguments"] = plain(list(record.arguments), job)
    if record.items:
        attributes["items"] = plain(record.items, job)
    return {"class": Text(record.short_name), **attributes} if attributes else Text(record.short_name)


def tree(value: Any, indent: int = 0) -> Iterator[str]:
    """A value as indented lines."""
    pad = "  " * indent
    for key, item in value.items():
        if isinstance(item, dict) and item:
            yield f"{pad}{key}:"
            yield from tree(item, indent + 1)
        else:
            yield f"{pad}{key}: {short(item)}"


def short(value: Any, most: int = 200) -> str:
    """A value on one line, cut where it is long."""
    if isinstance(value, Side):
        return "<Network>"
    text = repr(value)
    return text if len(text) <= most else f"{text[:most]}... ({len(text)} characters)"


def differences(left: Any, right: Any, path: str = "") -> Iterator[Difference]:
    """In what two values differ."""
    if isinstance(left, Side) and isinstance(right, Side):
        for about, lines in form_difference(left, right).items():
            yield Difference(f"{path}: {about}", lines)
        return
    if isinstance(left, dict) and isinstance(right, dict):
        for key in [*left, *(key for key in right if key not in left)]:
            inner = f"{path}/{key}" if path else key
            yield from differences(left.get(key, _MISSING), right.get(key, _MISSING), inner)
        return
    if isinstance(left, list) and isinstance(right, list) and len(left) == len(right):
        for index, (one, other) in enumerate(zip(left, right)):
            yield from differences(one, other, f"{path}/{index}")
        return
    if type(left) is not type(right) or left != right:
        yield Difference(path, [f"{_shown(left)} -> {_shown(right)}"])


def _shown(value: Any) -> str:
    return "not set" if value is _MISSING else short(value)
