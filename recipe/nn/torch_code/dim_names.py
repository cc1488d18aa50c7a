"""The names of dims in the written config."""

from __future__ import annotations

import re

from ..plain.dim import Dim
from ..plain.variable_names import VariableNames


class DimNames:
    """
    A Python name for each dim that is mentioned, and the lines that define them.

    :param taken: names that the text has a meaning for
    """

    def __init__(self, taken: frozenset[str] = frozenset()):
        self._names = VariableNames({*taken, "extern_data", "batch_dim"})
        self.used: dict[Dim, str] = {}

    def name(self, dim: Dim) -> str:
        """The name; a dim that is new here gets one."""
        if dim.is_batch:
            return "batch_dim"
        if dim not in self.used:
            base = re.sub(r"\W+", "_", dim.name.replace("+", "_plus_").replace("*", "_times_")).strip("_").lower()
            self.used[dim] = self._names.new(f"{base}_dim" if base and not base[0].isdigit() else f"dim_{base}")
        return self.used[dim]

    def taken(self) -> set[str]:
        """The names that are given."""
        return set(self.used.values())
