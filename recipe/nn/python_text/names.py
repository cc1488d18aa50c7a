"""What the printed text calls tensors and dims: short names, each of one thing."""

from __future__ import annotations

import json

from ..plain.delayed import Delayed, origin_text
from ..plain.dim import Dim
from ..plain.variable_names import VariableNames, unique
from ..record.graph import Tensor
from ..record.loops import LoopOp

_TAKEN = {"all", "errors", "inputs", "losses", "nn", "outputs", "parameters", "range"}
"""Names that the text has a meaning for."""


class Names:
    """The names of one text."""

    def __init__(self) -> None:
        self.of: dict[Tensor, str] = {}
        """By tensor; of a constant what it is."""
        self.steps: dict[LoopOp, str] = {}
        """What the number of the step is called, by loop."""
        self._dims: dict[Dim, str] = {}
        self._variables = VariableNames(_TAKEN)

    def new(self, stem: str) -> str:
        """A variable that nothing else is called, such as ``linear`` or ``linear_2``."""
        return self._variables.new(stem)

    def dim(self, dim: Dim) -> str:
        """A dim as an argument: ``"time"``; one that was given as a number is that number."""
        return str(dim.known_size) if dim.is_anonymous else quoted(self._dim(dim))

    def dims(self, tensor: Tensor) -> str:
        """The dims of a tensor as a comment: ``[batch, features=5]``."""
        parts = [f"{self._dim(dim)}{_size(dim)}" for dim in tensor.dims]
        labels = f", labels of {self._dim(tensor.sparse_dim)}" if tensor.sparse_dim is not None else ""
        dtype = "" if tensor.dtype == "float32" or labels else f" {tensor.dtype}"
        return f"[{', '.join(parts)}]{dtype}{labels}"

    def _dim(self, dim: Dim) -> str:
        if dim not in self._dims:
            self._dims[dim] = unique(dim.name, set(self._dims.values()))
        return self._dims[dim]


def _size(dim: Dim) -> str:
    return "" if dim.is_anonymous or not dim.is_static or dim.known_size is None else f"={dim.known_size}"


def quoted(text: str) -> str:
    """A text as Python."""
    return json.dumps(text, ensure_ascii=False)


def value_text(value: object) -> str:
    """A number or text as Python; of one that a job gives later, which job."""
    if isinstance(value, Delayed):
        return f"nn.later({quoted(origin_text(value.origin))})"
    if isinstance(value, float) and repr(value) in ("inf", "-inf", "nan"):
        return f'float("{value}")'
    return quoted(value) if isinstance(value, str) else repr(value)
