"""Values of a config that is read without being run: plain Python values, dims, and what cannot be told."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim, as_dim, batch_dim, single_step_dim


class CannotRead(Exception):
    """
    What a part of a config is can only be told by running it.

    :param node: the part
    :param why: what about it
    """

    def __init__(self, node: ast.AST, why: str):
        super().__init__(why)
        self.line = getattr(node, "lineno", 0)
        self.why = why


class Unreadable(NamedTuple):
    """
    Stands where a value cannot be told.

    :ivar line: of the config
    :ivar why: what about it
    """

    line: int
    why: str

    def __repr__(self) -> str:
        return f"<line {self.line}: {self.why}>"


class Function(NamedTuple):
    """
    A function that the config defines.

    :ivar definition: its syntax tree
    :ivar names: what it sees
    """

    definition: ast.FunctionDef
    names: Mapping[str, Any]


class Record(dict):
    """A named tuple of the config, as a dict of its fields."""


def make_dim(*arguments: Any, **options: Any) -> Dim:
    """``Dim(12, name="feature")`` of RETURNN, as a Dim of this package; once it was ``description=``."""
    size = arguments[0] if arguments else options.get("dimension")
    name = arguments[1] if len(arguments) > 1 else options.get("name", options.get("description"))
    if not isinstance(size, int) and size is not None:
        raise ValueError(f"the size of a Dim is a number or None, not {size!r}")
    if size is not None and name == str(size):
        return as_dim(size)  # so the configs of this package call sizes without a name
    return Dim(size, name)


def feature_dim(description: str, dimension: int | None = None, **options: Any) -> Dim:
    """``FeatureDim("feature", 12)``, and ``SpatialDim("time")``, of older configs."""
    return Dim(dimension, description)


def named_tuple(name: str, fields: Sequence[str] | str) -> Callable[..., Record]:
    """``namedtuple("LSTMStateTuple", ("c", "h"))``: makes records of these fields."""
    names = fields.replace(",", " ").split() if isinstance(fields, str) else list(fields)
    return lambda *values, **named: Record(zip(names, values), **named)


KNOWN_NAMES: dict[str, Any] = {
    "Dim": make_dim,
    "FeatureDim": feature_dim,
    "SpatialDim": feature_dim,
    "batch_dim": batch_dim,
    "single_step_dim": single_step_dim,
    "namedtuple": named_tuple,
    **{function.__name__: function for function in (dict, list, tuple, set, str, int, float, bool, len, sorted)},
    **{function.__name__: function for function in (range, enumerate, zip, max, min, sum, abs, round)},
}
"""What names mean that the config does not define; functions without effects."""

METHODS: dict[type, frozenset[str]] = {
    dict: frozenset({"items", "keys", "values", "get", "copy", "update", "setdefault", "pop"}),
    list: frozenset({"append", "extend", "copy", "index"}),
    str: frozenset({"format", "join", "replace", "split", "startswith", "endswith", "upper", "lower", "strip"}),
}
"""The methods that are called, by the type of what they are of."""
