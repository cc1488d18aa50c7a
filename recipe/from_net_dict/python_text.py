"""Values of a config as Python text: paths as inputs of jobs, and what cannot be told as a TODO."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .python_values import Unreadable

_WIDTH = 100
_NO_PATHS = ("class", "seq_ordering", "data_key", "sprintConfigStr", "key")


def value_text(value: Any, *, with_paths: bool = False, indent: int = 0) -> str:
    """
    An expression for a value.

    :param with_paths: whether texts that name files become ``tk.Path``
    :param indent: of the line on which it begins
    """
    return "\n".join(_lines(value, "", with_paths, indent))


def is_plain(value: Any) -> bool:
    """Whether an expression for a value has no TODO in it."""
    return _plain(value, "", False) is not None


def _lines(value: Any, key: str, with_paths: bool, indent: int) -> list[str]:
    plain = _plain(value, key, with_paths)
    if plain is not None and len(plain) + indent <= _WIDTH:
        return [plain]
    if isinstance(value, dict):
        return _bracketed("{}", _entries(value, with_paths, indent), indent)
    if type(value) in (list, tuple):
        items = [_lines(item, key, with_paths, indent + 4) for item in value]
        return _bracketed("[]" if isinstance(value, list) else "()", items, indent)
    if plain is not None:
        return [plain]
    if _is_path(value, key, with_paths):
        return [f"tk.Path({_text(value)})  # TODO: where it is here"]
    return [f"None  # TODO: {_why(value)}"]


def _entries(value: dict[Any, Any], with_paths: bool, indent: int) -> Iterator[list[str]]:
    for key, item in value.items():
        first, *rest = _lines(item, str(key), with_paths, indent + 4)
        yield [f"{_key_text(key)}: {first}", *rest]


def _bracketed(brackets: str, items: Any, indent: int) -> list[str]:
    lines = [brackets[0]]
    for item in items:
        *first, last = item
        code, mark, comment = last.partition("  # TODO")
        lines += [*(f"{line}" for line in _shifted([*first, f"{code},{mark}{comment}"], indent + 4))]
    return [*lines, " " * indent + brackets[1]]


def _shifted(lines: list[str], indent: int) -> list[str]:
    """The first of some lines where it begins; the others have their place already."""
    return [" " * indent + lines[0], *lines[1:]]


def _plain(value: Any, key: str, with_paths: bool) -> str | None:
    """In one line; None if it has something in it that wants a line of its own."""
    if isinstance(value, dict):
        parts = [(_key_text(name), _plain(item, str(name), with_paths)) for name, item in value.items()]
        return None if any(text is None for _, text in parts) else f"{{{', '.join(f'{k}: {t}' for k, t in parts)}}}"
    if type(value) in (list, tuple):
        items = [_plain(item, key, with_paths) for item in value]
        if any(item is None for item in items):
            return None
        inside = ", ".join(item for item in items if item is not None)
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{',' if len(items) == 1 else ''})"
    if isinstance(value, set):
        return f"{{{', '.join(map(repr, sorted(value, key=str)))}}}" if value else "set()"
    if isinstance(value, str):
        return None if _is_path(value, key, with_paths) else _text(value)
    return repr(value) if value is None or isinstance(value, (bool, int, float)) else None


def _text(value: str) -> str:
    return repr(value) if '"' in value or "\\" in value or "\n" in value else f'"{value}"'


def _key_text(key: Any) -> str:
    plain = _plain(key, "", False)
    return _text(f"TODO {key}".replace("\n", " ")) if plain is None else plain


def _is_path(value: Any, key: str, with_paths: bool) -> bool:
    """Whether a text names a file or folder, by its look."""
    if not (with_paths and isinstance(value, str)) or key in _NO_PATHS or value.startswith("--"):
        return False
    return bool(re.fullmatch(r"[\w./+-]*/[\w./+-]+|[\w+-]+\.(hdf|gz|txt|zip|xml|codes|vocab|npy)", value))


def _why(value: Any) -> str:
    if isinstance(value, Unreadable):
        return f"line {value.line} of the file: {value.why}".replace("\n", " ")
    return f"a function or the like, {str(value):.60}".replace("\n", " ")
