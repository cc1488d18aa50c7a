"""Names of layers as names of Python."""

from __future__ import annotations

import keyword
import re


def identifier(name: str) -> str:
    """A layer's name as a Python name."""
    name = re.sub(r"\W", "_", name.rpartition("/")[2] or name)
    name = f"layer_{name}" if not name or name[0].isdigit() else name.lstrip("_") or "layer"
    return f"{name}_" if keyword.iskeyword(name) else name


def unique_name(name: str, taken: set[str]) -> str:
    """The name, or with a number what is not taken yet; it is then."""
    candidates = (name if number == 1 else f"{name}_{number}" for number in range(1, len(taken) + 2))
    found = next(one for one in candidates if one not in taken)
    taken.add(found)
    return found
