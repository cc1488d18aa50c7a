"""The options of a training as rows of a table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sisyphus import tk

_LONGEST = 160


def option_rows(options: Mapping[str, Any]) -> dict[str, str]:
    """
    Each option with its value as text; those in an option by their path, as ``optimizer/class``.

    :param options: any values; files of jobs are shown without the directory of the work
    """
    return dict(_rows(options, ""))


def _rows(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _rows(item, f"{path}/{key}" if path else str(key))
    else:
        text = _text(value)
        yield path, text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, tk.Path) and not isinstance(value, tk.Variable):
        creator = getattr(value, "creator", None)
        return f"{creator.job_id()}/{value.path}" if creator is not None else str(value.path)
    if isinstance(value, (list, tuple)):
        texts = [_text(item) for item in value]
        return ", ".join(f"{text} × {count}" if count > 1 else text for text, count in _runs(texts)) or "[]"
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(map(_text, value), key=lambda text: (len(text), text)))
    return repr(value)


def _runs(texts: list[str]) -> list[tuple[str, int]]:
    """Equal neighbours, counted."""
    found: list[tuple[str, int]] = []
    for text in texts:
        if found and found[-1][0] == text:
            found[-1] = (text, found[-1][1] + 1)
        else:
            found.append((text, 1))
    return found
