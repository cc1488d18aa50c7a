"""Sizes of batches that no sequence fits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def check_batches(options: Mapping[str, Any]) -> None:
    """
    Finds out that the sizes of batches contradict each other.

    :param options: RETURNN options
    :raises ValueError: with the two values
    """
    for name in ("batch_size", "max_seqs"):
        for key, size in _numbers(options.get(name)).items():
            if size < 1:
                raise ValueError(f"{name}{key} is {size}: no sequence fits into a batch")
    shortest, longest = (_numbers(options.get(f"{name}_seq_length")) for name in ("min", "max"))
    for key in shortest.keys() & longest.keys():
        if shortest[key] > longest[key]:
            raise ValueError(f"min_seq_length{key} is {shortest[key]}, and max_seq_length{key} {longest[key]}")
    sizes, chunks = _numbers(options.get("batch_size")), _chunks(options.get("chunking"))
    for key in sizes.keys() & chunks.keys():
        if chunks[key] > sizes[key]:
            raise ValueError(
                f"chunking{key} makes chunks of {chunks[key]} frames, and batch_size{key} is {sizes[key]}: none fits"
            )


def _numbers(value: Any) -> dict[str, float]:
    """The numbers of an option by stream, as ``['data']``; one for all has the key ""."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return {"": value}
    if not isinstance(value, Mapping):
        return {}
    return {f"[{key!r}]": number for key, number in value.items() if type(number) in (int, float)}


def _chunks(value: Any) -> dict[str, float]:
    """Frames of a chunk: the first of ``100:50``, ``(100, 50)`` or ``({"data": 100}, {"data": 50})``."""
    if isinstance(value, str):
        first = re.match(r"\d+", value)
        return {"": int(first[0])} if first else {}
    return _numbers(value[0]) if isinstance(value, (list, tuple)) and value else _numbers(value)
