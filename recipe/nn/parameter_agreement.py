"""Whether the parameters of two networks agree, so that a checkpoint of one can be loaded into the other."""

from __future__ import annotations

from collections.abc import Mapping

from .errors import NetworkError
from .network import Network
from .parameter import Parameter


def check_parameters(
    trained: Network | Mapping[str, Parameter],
    loaded: Network | Mapping[str, Parameter],
    *,
    name_map: Mapping[str, str] | None = None,
    ignore_missing: bool = False,
) -> None:
    """
    Checks that a checkpoint of one network has what another one loads.

    :param trained: the network that the checkpoint is of, or its parameters by name
    :param loaded: the network that is to load it
    :param name_map: names in the checkpoint by names in the network that loads it, where they differ; a name may be a
        prefix that ends with "/", such as ``{"decoder/lm/": "lm/"}``
    :param ignore_missing: whether the checkpoint may lack parameters, which then start with their initial values
    :raises NetworkError: with a list of what is missing in the checkpoint, what is too much in it, and what differs
    """
    there = trained.parameters if isinstance(trained, Network) else dict(trained)
    wanted = loaded.parameters if isinstance(loaded, Network) else dict(loaded)
    names = names_in_checkpoint(wanted, name_map or {})
    problems = []
    if not ignore_missing:
        problems += [
            f"  missing in the checkpoint: {_described(names[name], parameter)}" + _for(name, names[name])
            for name, parameter in wanted.items()
            if names[name] not in there
        ]
    used = set(names.values())
    if not name_map and not ignore_missing:
        problems += [f"  only in the checkpoint: {_described(name, there[name])}" for name in there if name not in used]
    problems += differing_parameters({name: there[names[name]] for name in wanted if names[name] in there}, wanted)
    if problems:
        raise NetworkError("the parameters of the checkpoint and of the network differ:\n" + "\n".join(problems))


def names_in_checkpoint(names: Mapping[str, object], name_map: Mapping[str, str]) -> dict[str, str]:
    """
    The name in the checkpoint for each name in the network.

    :param names: those in the network
    :param name_map: see :func:`check_parameters`; the longest prefix counts
    :raises NetworkError: if an entry fits no name, or two names would come from one
    """
    mapped, used = {}, set()
    for name in names:
        fitting = [key for key in name_map if key == name or (key.endswith("/") and name.startswith(key))]
        key = max(fitting, key=len, default="")
        mapped[name] = name_map[key] + name[len(key) :] if fitting else name
        used.add(key)
    unused = [key for key in name_map if key not in used]
    if unused:
        raise NetworkError(f"the name map has entries that fit no parameter of the network: {', '.join(unused)}")
    return mapped


def differing_parameters(first: Mapping[str, Parameter], second: Mapping[str, Parameter]) -> list[str]:
    """A line for each parameter that both have, but with other dims or another dtype."""
    lines = []
    for name, parameter in second.items():
        other = first.get(name)
        if other is not None and (other.shape, other.dtype) != (parameter.shape, parameter.dtype):
            lines.append(f"  differs: {_described(name, other)} there, {_described('', parameter)} here")
    return lines


def _described(name: str, parameter: Parameter) -> str:
    dtype = "" if parameter.dtype == "float32" else f" {parameter.dtype}"
    return f"{name} {list(parameter.dims)}{dtype}".strip()


def _for(name: str, in_checkpoint: str) -> str:
    return f" (for {name})" if name != in_checkpoint else ""
