"""What names and methods mean in a config that it does not define: functions without effects."""

from __future__ import annotations

import copy
import math
import posixpath
from typing import Any

from recipe.nn.plain.dim import Dim, as_dim, batch_dim, single_step_dim

from .python_values import ConfigClass, EpochValue, Namespace, Options, named_tuple


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


def dimension_tag(
    kind: Any = None, description: str | None = None, dimension: int | None = None, **options: Any
) -> Dim:
    """``DimensionTag(kind=..., description="time")`` of configs from before 2022."""
    return Dim(dimension, description or "unnamed")


def linspace(start: float, stop: float, num: int = 50) -> list[float]:
    """``numpy.linspace``, as a list."""
    return [start + (stop - start) * step / (num - 1) for step in range(num)] if num > 1 else [start]


def clip(value: float, least: float, greatest: float) -> float:
    """``numpy.clip`` of a number."""
    return min(max(value, least), greatest)


def product(values: Any) -> Any:
    """``numpy.prod`` of numbers."""
    return math.prod(values)


_NUMBERS = {
    function.__name__: function for function in (math.sqrt, math.log, math.exp, math.ceil, math.floor, math.log2)
}
_NUMPY = Namespace(
    **_NUMBERS, linspace=linspace, prod=product, clip=clip, pi=math.pi, int32=int, float32=float, abs=abs, round=round
)
MODULES: dict[str, Any] = {
    "math": Namespace(**_NUMBERS, pi=math.pi, inf=math.inf, log10=math.log10),
    "numpy": _NUMPY,
    "copy": Namespace(copy=copy.copy, deepcopy=copy.deepcopy),
    "collections": Namespace(OrderedDict=dict, namedtuple=named_tuple),
    "os": Namespace(
        environ={}, path=Namespace(basename=posixpath.basename, dirname=posixpath.dirname, join=posixpath.join)
    ),
}
"""Modules, with those of their members that have no effects; there are no environment variables."""

KNOWN_NAMES: dict[str, Any] = {
    "Dim": make_dim,
    "FeatureDim": feature_dim,
    "SpatialDim": feature_dim,
    "DimensionTag": Namespace(__call__=dimension_tag, Types=Namespace(Spatial=1, Time=1, Feature=2, Batch=3)),
    "batch_dim": batch_dim,
    "single_step_dim": single_step_dim,
    "namedtuple": named_tuple,
    "WrapEpochValue": EpochValue,
    "object": ConfigClass("object", [], {}),
    **{function.__name__: function for function in (dict, list, tuple, set, str, int, float, bool, len, sorted)},
    **{function.__name__: function for function in (range, enumerate, zip, max, min, sum, abs, round, reversed)},
    **{function.__name__: function for function in (isinstance, any, all, divmod, repr)},
}
"""What names mean that the config does not define."""

_OF_TEXTS = "format join replace split startswith endswith upper lower strip lstrip rstrip zfill rsplit partition count"
METHODS: dict[type, frozenset[str]] = {
    dict: frozenset("items keys values get copy update setdefault pop clear".split()),
    list: frozenset("append extend copy index insert remove pop reverse sort count".split()),
    set: frozenset("add update union discard copy intersection difference".split()),
    tuple: frozenset({"index", "count"}),
    str: frozenset(f"{_OF_TEXTS} rpartition find title isdigit splitlines capitalize".split()),
    Options: frozenset("value typed_value opt_typed_value int float bool list int_list float_list has is_true".split()),
}
"""The methods that are called, by the type of what they are of."""
