"""Text: the lines of a function while it is written, its variables, and the functions that it calls."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import Any

from ..plain.delayed import resolved
from ..plain.variable_names import VariableNames
from .lines import Lines

RESERVED = frozenset(
    {
        "Dim",
        "F",
        "Tensor",
        "batch",
        "batch_dim",
        "inputs",
        "device",
        "itertools",
        "math",
        "max",
        "min",
        "int",
        "len",
        "float",
        "bool",
        "range",
        "model",
        "network",
        "numpy",
        "rf",
        "torch",
    }
)
"""Names that the text has a meaning for."""

DTYPES = {"bool": "torch.bool"}


class Text:
    """
    The text of one function.

    :param reserved: further names that have a meaning
    """

    def __init__(self, reserved: Iterable[str] = ()):
        self.lines = Lines()
        self.names = VariableNames({*RESERVED, *reserved})
        self.functions: dict[str, None] = {}
        """The functions of ``functions`` that are called, in the order of their first calls."""
        self._before_loops: dict[str, str] = {}

    def dtype(self, dtype: str) -> str:
        """PyTorch's name of a type."""
        return DTYPES.get(dtype, f"torch.{dtype}")

    def number(self, value: Any) -> str:
        """A number as Python; one that a job gives is read."""
        value = resolved(value)
        if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
            return f'float("{value}")'
        return repr(value).replace("e+", "e")  # as formatters have it

    def function(self, name: str) -> str:
        """The name of a function of ``functions``, which is written into the text."""
        self.functions[name] = None
        return name

    def variable(self, stem: str) -> str:
        """A new variable."""
        return self.names.new(stem)

    def assign(self, stem: str, code: str, *, optional: bool = False) -> str:
        """Writes a variable; gives its name."""
        name = self.names.new(stem)
        self.lines.add(f"{name} = {code}", defines=name if optional else "")
        return name

    @contextlib.contextmanager
    def block(self, head: str) -> Iterator[None]:
        """A statement with a block."""
        with self.lines.block(head):
            yield

    def before_loops(self, code: str, stem: str) -> str:
        """A variable for what no step changes, written before all loops; outside of loops the code itself."""
        if not self.lines.is_in_block:
            return code
        if code not in self._before_loops:
            name = self._before_loops[code] = self.names.new(stem)
            self.lines.add_before_blocks(f"{name} = {code}")
        return self._before_loops[code]
