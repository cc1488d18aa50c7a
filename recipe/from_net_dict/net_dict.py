"""Finds the net dict and its inputs in a file: a config in Python, which is not run, or JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from recipe.nn.plain.dim import Dim

from .errors import NetDictError
from .extern_data import Input, inputs_of
from .pretraining import Stages, stages_of
from .python_reader import Reader
from .python_values import CannotRead, EpochValue, Function, Unreadable
from .syntax import parsed, without_comments
from .varying_rates import Rates

_THEANO = ("hidden_size", "hidden_type", "hidden_name", "network_file")
"""Settings of networks that are no net dicts; only RETURNN's Theano engine had them."""
_LAST_EPOCH = 1000


class NetDict(NamedTuple):
    """
    A network as RETURNN's config has it.

    :ivar layers: options by layer name
    :ivar inputs: by name
    :ivar dim_names: how the file calls its dims
    :ivar settings: all that the file defines
    :ivar stages: the networks that training goes through, if there are several
    :ivar rates: options that are 0 in some of these networks alone
    """

    layers: dict[str, Any]
    inputs: dict[str, Input]
    dim_names: dict[Dim, str]
    settings: Mapping[str, Any] = MappingProxyType({})
    stages: Stages = Stages()
    rates: Rates = frozenset()

    @property
    def behavior_version(self) -> int:
        """RETURNN's, which decides on defaults; 0 for configs that say nothing."""
        version = self.settings.get("behavior_version", 0)
        return version if isinstance(version, int) else 0


def read_net_dict(text: str, *, name: str = "network", options: Mapping[str, Any] | None = None) -> NetDict:
    """
    Reads a file.

    :param text: JSON, or Python: a config, or nothing but the dict itself
    :param name: of the variable or key that holds the network
    :param options: what ``config.value(name, default)`` gives in it
    :raises NetDictError: if there is none, or what it is can only be told by running the file
    """
    reader = Reader(dict(options or {}))
    settings = _settings(text, name, reader)
    found = settings.get(name)
    if found is None:
        raise NetDictError(_why_none(text, settings, name))
    if isinstance(found, Unreadable):
        raise NetDictError(
            f"what {name!r} is can only be told by running the file, which is not done. "
            f"Line {found.line}: {found.why}. "
            "Literals, names, dims, arithmetic, `if`, `for`, plain functions and classes are read. "
            "Otherwise let Python write the dict to a file (pprint, or JSON) and give that"
        )
    if not is_network(found):
        raise NetDictError(f"{name!r} is no net dict, {{layer name: {{'class': ...}}}}, but {str(found)[:80]}")
    loop = next(_recursions(found, (), ()), None)
    if loop is not None:
        raise NetDictError(f"the net dict recurses: layer {loop!r} contains the dict that it is a part of")
    stages = stages_of(settings, found, reader.call_again)
    if stages.stages:
        found = stages.stages[-1].layers
    layers = {key: _without_epochs(value) for key, value in found.items() if not str(key).startswith("#")}
    dim_names = {dim: key for key, dim in settings.items() if isinstance(dim, Dim)}
    return NetDict(layers, inputs_of(settings), dim_names, settings, stages)


def _without_epochs(value: Any) -> Any:
    """Options with a gap where only pretraining would give a value."""
    if isinstance(value, EpochValue):
        return Unreadable(0, "its value depends on the epoch (WrapEpochValue), but there is no pretraining")
    if type(value) is dict:
        return {key: _without_epochs(item) for key, item in value.items()}
    return type(value)(_without_epochs(item) for item in value) if type(value) in (list, tuple) else value


def read_settings(text: str, name: str = "network", options: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """
    All settings of a file, by their names; a gap where only running it would tell a value.

    :raises NetDictError: if it is neither Python nor JSON
    """
    return _settings(text, name, Reader(dict(options or {})))


def _why_none(text: str, settings: Mapping[str, Any], name: str) -> str:
    dicts = [key for key, value in settings.items() if is_network(value)]
    hint = f" There is {', '.join(dicts)}: --network NAME" if dicts else ""
    old = [key for key in _THEANO if key in settings]
    if old:
        return (
            f"there is no net dict in the file, but {', '.join(old)}: a network in the style of RETURNN's Theano "
            "engine, which has no layers to translate"
        )
    if settings.get("backend") == "torch":
        return "there is no net dict in the file: its backend is PyTorch"
    return f"there is no {name!r} in the file.{hint}"


def _settings(text: str, name: str, reader: Reader) -> dict[str, Any]:
    text = text.lstrip("\ufeff")
    if text.lstrip().startswith("{"):
        try:
            settings = json.loads(without_comments(text))
        except json.JSONDecodeError:
            settings = _names_of(f"{name} = {text.strip()}", reader)[name]
        return {name: settings} if is_network(settings) or not isinstance(settings, dict) else settings
    if not text.strip():
        raise NetDictError("the file is empty")
    settings = _lines(text) or _names_of(text, reader)
    for value in list(settings.values()):
        if isinstance(value, dict) and name in value and name not in settings:
            settings = {**value, **settings}  # config = {"network": ..., "extern_data": ...}
    return settings


def _lines(text: str) -> dict[str, Any]:
    """The settings of a config in lines, ``hidden_size 500,500``: RETURNN's first format; {} if it is another."""
    found: dict[str, Any] = {}
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line:
            match = re.fullmatch(r"(\w+)\s+(?![=+*/-])(\S.*)", line)
            if match is None:
                return {}
            found[match[1]] = match[2]
    return found


def _names_of(text: str, reader: Reader) -> dict[str, Any]:
    """What a config in Python defines; where it has ``get_network`` only, the network of its last epoch."""
    reader.run(parsed(text))
    names = reader.names()
    function = names.get("get_network")
    if isinstance(function, Function) and not is_network(names.get("network")):
        try:
            names["network"] = reader.call_by_name("get_network", epoch=_LAST_EPOCH)
        except CannotRead as error:
            names["network"] = Unreadable(error.line, error.why)
    return names


def is_network(value: Any) -> bool:
    """Whether it is a dict of layers; what is no layer, but that it could not be read, does not count against it."""
    if not isinstance(value, dict):
        return False
    layers = [
        layer
        for key, layer in value.items()
        if isinstance(key, str) and not key.startswith("#") and not isinstance(layer, Unreadable)
    ]
    return bool(layers) and all(isinstance(layer, dict) and "class" in layer for layer in layers)


def _recursions(value: Any, around: tuple[int, ...], path: tuple[str, ...]) -> Iterator[str]:
    """The layers, as paths, that contain a dict or list which contains them."""
    if not isinstance(value, (dict, list, tuple)):
        return
    if id(value) in around:
        yield "/".join(path[:1]) if len(path) < 2 else "/".join(path[:-1])
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in items:
        yield from _recursions(item, (*around, id(value)), (*path, str(key)))
