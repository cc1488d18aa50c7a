"""What the written configs of all engines have: options, dims, data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .extern_data import ExternData
from .python_source import PythonSource

BEHAVIOR_VERSION = 38
"""RETURNN's, that the configs are written for."""


def assignment(name: str, value: Any, source: PythonSource) -> str:
    """``name = value``."""
    return f"{name} = {source.value(value, used=len(name) + 3)}"


def declared_inputs(inputs: Mapping[str, ExternData]) -> dict[str, Any]:
    """RETURNN's option ``extern_data``."""
    declared = {}
    for data in inputs.values():
        options: dict[str, Any] = {"dim_tags": list(data.dims)}
        if data.sparse_dim is not None:
            options["sparse_dim"] = data.sparse_dim
        declared[data.name] = {**options, "dtype": data.dtype, "available_for_inference": True}
    return declared


def sections_text(sections: list[list[str]]) -> str:
    """The text of a config: sections of lines, an empty line between them."""
    return "\n\n".join("\n".join(section) for section in sections if section) + "\n"
