"""Finds the net dict and its inputs in a file: a config in Python, which is not run, or JSON."""

from __future__ import annotations

import ast
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .python_reader import read_python
from .python_values import Unreadable


class NetDictError(Exception):
    """Why a file cannot be translated, for its owner."""


class Input(NamedTuple):
    """
    An input of the network.

    :ivar name: its key in the dataset
    :ivar dims: its axes
    :ivar labels: for labels: the dim that they index
    :ivar dtype: if it is said
    """

    name: str
    dims: tuple[Dim, ...]
    labels: Dim | None
    dtype: str | None


class NetDict(NamedTuple):
    """
    A network as RETURNN's config has it.

    :ivar layers: options by layer name
    :ivar inputs: by name
    :ivar dim_names: how the file calls its dims
    """

    layers: dict[str, Any]
    inputs: dict[str, Input]
    dim_names: dict[Dim, str]


def read_net_dict(text: str, *, name: str = "network", options: Mapping[str, Any] | None = None) -> NetDict:
    """
    Reads a file.

    :param text: JSON, or Python: a config, or nothing but the dict itself
    :param name: of the variable or key that holds the network
    :param options: what ``config.value(name, default)`` gives in it
    :raises NetDictError: if there is none, or what it is can only be told by running the file
    """
    settings = _settings(text, name, dict(options or {}))
    found = settings.get(name)
    if found is None:
        dicts = [key for key, value in settings.items() if _is_network(value)]
        hint = f" There is {', '.join(dicts)}: --network NAME" if dicts else ""
        raise NetDictError(f"there is no {name!r} in the file.{hint}")
    if isinstance(found, Unreadable):
        raise NetDictError(
            f"what {name!r} is can only be told by running the file, which is not done. "
            f"Line {found.line}: {found.why}. "
            "Literals, names, dims, arithmetic, `if`, `for` and plain functions are read. Otherwise let Python write "
            "the dict to a file (pprint, or JSON) and give that"
        )
    if not _is_network(found):
        raise NetDictError(f"{name!r} is no net dict, {{layer name: {{'class': ...}}}}, but {str(found)[:80]}")
    layers = {key: value for key, value in found.items() if not key.startswith("#")}
    inputs = {key: _input(key, data) for key, data in _extern_data(settings).items()}
    return NetDict(layers, inputs, {dim: key for key, dim in settings.items() if isinstance(dim, Dim)})


def _settings(text: str, name: str, options: dict[str, Any]) -> dict[str, Any]:
    if text.lstrip().startswith("{"):
        try:
            settings = json.loads(text)
        except json.JSONDecodeError:
            try:
                settings = read_python(f"{name} = {text.strip()}", options)[name]
            except SyntaxError as error:
                raise NetDictError(f"the file is neither JSON nor Python: {error}") from error
        return {name: settings} if _is_network(settings) or not isinstance(settings, dict) else settings
    try:
        body = ast.parse(text).body
    except SyntaxError as error:
        raise NetDictError(f"the file is neither JSON nor Python: {error}") from error
    if not body:
        raise NetDictError("the file is empty")
    settings = read_python(text, options)
    for value in list(settings.values()):
        if isinstance(value, dict) and name in value and name not in settings:
            settings = {**value, **settings}  # config = {"network": ..., "extern_data": ...}
    return settings


def _is_network(value: Any) -> bool:
    if not isinstance(value, dict) or not value:
        return False
    layers = [layer for key, layer in value.items() if isinstance(key, str) and not key.startswith("#")]
    return bool(layers) and all(isinstance(layer, dict) and "class" in layer for layer in layers)


def _extern_data(settings: dict[str, Any]) -> dict[str, Any]:
    """The declarations of inputs; of old configs ``num_inputs`` and ``num_outputs``."""
    if isinstance(settings.get("extern_data"), dict):
        return settings["extern_data"]
    found: dict[str, Any] = {}
    if isinstance(settings.get("num_inputs"), int):
        found["data"] = {"dim": settings["num_inputs"]}
    outputs = settings.get("num_outputs")
    for key, data in (outputs if isinstance(outputs, dict) else {"classes": outputs} if outputs else {}).items():
        size, ndim = data if isinstance(data, (list, tuple)) else (data, 1)
        found[key] = {"dim": size, "sparse": ndim == 1}
    return found


def _input(name: str, data: Any) -> Input:
    if isinstance(data, (list, tuple)):
        data = {"dim": data[0], "sparse": data[1] == 1}
    if not isinstance(data, dict):
        raise NetDictError(f"the declaration of input {name!r} is not read: {data!r}")
    dims = data.get("dim_tags", data.get("dims"))
    dtype = data.get("dtype")
    if dims is not None:
        labels = data.get("sparse_dim")
        if not all(isinstance(dim, Dim) for dim in dims) or not isinstance(labels, (Dim, type(None))):
            raise NetDictError(f"the dims of input {name!r} are not read: {dims!r}, {labels!r}")
        return Input(name, tuple(dims), labels, dtype)
    size = data.get("dim", (data.get("shape") or [None])[-1])
    labels = as_dim(size) if data.get("sparse") and size else None
    default = (None,) if labels is not None else (None, size)
    lengths = iter([Dim(None, f"{name}_time"), *(Dim(None, f"{name}_time_{number}") for number in range(2, 9))])
    shape = [next(lengths) if part is None else as_dim(part) for part in data.get("shape", default)]
    return Input(name, (batch_dim, *shape), labels, dtype)
