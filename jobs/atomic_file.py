"""Files that are there whole or not at all: written under another name, then renamed."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from typing import Any

from sisyphus import tk


@contextlib.contextmanager
def replacing(path: tk.Path | str) -> Iterator[str]:
    """
    The name to write a file under; at the end of the block it gets its own name, unless the block raised.

    :param path: of the file, which may be there already
    """
    final = path if isinstance(path, str) else path.get_path()
    part = final + ".part"
    yield part
    os.replace(part, final)


def write_text(path: tk.Path | str, text: str) -> None:
    """Writes a text file."""
    with replacing(path) as part, open(part, "w", encoding="utf-8") as file:
        file.write(text)


def write_json(path: tk.Path | str, value: Any) -> None:
    """Writes a JSON file; what is not finite becomes null, which every reader of JSON knows."""
    write_text(path, json.dumps(_finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n")


def _finite(value: Any) -> Any:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return value
