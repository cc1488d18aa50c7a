"""The inputs of a network, as a config declares them: ``extern_data``, or ``num_inputs`` and ``num_outputs``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim, as_dim, batch_dim

from .errors import NetDictError
from .python_values import Unreadable


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


def inputs_of(settings: Mapping[str, Any]) -> dict[str, Input]:
    """
    The inputs by name; those that can only be told by running the config are not among them.

    :raises NetDictError: if what is said of one is not understood
    """
    declared = _declared(settings)
    return {key: _input(key, data) for key, data in declared.items() if not isinstance(data, Unreadable)}


def _declared(settings: Mapping[str, Any]) -> dict[str, Any]:
    """The declarations; of old configs ``num_inputs`` and ``num_outputs``."""
    if isinstance(settings.get("extern_data"), dict):
        return settings["extern_data"]
    found: dict[str, Any] = {}
    size = settings.get("num_inputs")
    if isinstance(size, int):
        window = settings.get("window", 1)
        found["data"] = {"dim": size * (window if isinstance(window, int) else 1), "sparse": _is_sparse(settings)}
    outputs = settings.get("num_outputs")
    target = settings.get("target", "classes")
    found.update(outputs if isinstance(outputs, dict) else {target: outputs} if outputs else {})
    return found


def _is_sparse(settings: Mapping[str, Any]) -> bool:
    return settings.get("sparse_input") is True


def _input(name: str, data: Any) -> Input:
    if isinstance(data, (list, tuple)) and len(data) == 2:
        data = {"dim": data[0], "sparse": data[1] == 1}
    if isinstance(data, int):
        data = {"dim": data, "sparse": name != "data"}
    if not isinstance(data, dict):
        raise NetDictError(f"the declaration of input {name!r} is not read: {data!r}")
    dims = data.get("dim_tags", data.get("dims"))
    dtype = data.get("dtype")
    if dims is not None:
        labels = data.get("sparse_dim")
        if not all(isinstance(dim, Dim) for dim in dims) or not isinstance(labels, (Dim, type(None))):
            raise NetDictError(f"the dims of input {name!r} are not read: {dims!r}, {labels!r}")
        return Input(name, tuple(dims), labels, dtype)
    shape = data.get("shape")
    size = data.get("dim", (shape or [None])[-1] if isinstance(shape, (list, tuple)) else None)
    is_sparse = bool(data.get("sparse"))
    default = (None,) if is_sparse else (None, size) if size is not None else (None,)
    shape = default if shape is None else shape
    sizes = [*shape, size]
    if not isinstance(shape, (list, tuple)) or not all(isinstance(one, (int, type(None))) for one in sizes):
        raise NetDictError(f"the declaration of input {name!r} is not read: shape={shape!r:.60} dim={size!r:.60}")
    labels = as_dim(size) if is_sparse and size else None
    same = data.get("same_dim_tags_as")
    times = [dim for dim in same.values() if isinstance(dim, Dim)] if isinstance(same, dict) else []
    lengths = iter([*times[:1], Dim(None, f"{name}_time"), *(Dim(None, f"{name}_time_{n}") for n in range(2, 9))])
    has_batch = data.get("batch_dim_axis", 0) is not None
    dims = [next(lengths) if part is None else as_dim(part) for part in shape]
    return Input(name, (*([batch_dim] if has_batch else []), *dims), labels, dtype)
