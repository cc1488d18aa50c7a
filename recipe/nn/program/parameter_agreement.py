"""Whether the parameters of two networks agree, so that a checkpoint of one can be loaded into the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from ..plain.dim import Dim
from ..plain.errors import NetworkError
from ..record.parameter import Parameter
from .program import Program


def check_parameters(
    trained: Program | Mapping[str, Parameter],
    loaded: Program | Mapping[str, Parameter],
    *,
    name_map: Mapping[str, str] | None = None,
    ignore_missing: bool = False,
    ignore_extra: bool = False,
) -> None:
    """
    Checks that a checkpoint of one network has what another one loads.

    :param trained: the network that the checkpoint is of, or its parameters by name
    :param loaded: the network that is to load it, or its parameters by name
    :param name_map: names in the checkpoint by names in the network that loads it, where they differ; both may be
        prefixes that end with "/", such as ``{"decoder/lm/": "lm/"}``, or "" for the whole network
    :param ignore_missing: whether the checkpoint may lack parameters, which then start with their initial values
    :param ignore_extra: whether the checkpoint may have more
    :raises NetworkError: with a list of what is missing in the checkpoint, what only it has, and what differs
    """
    there = _parameters(trained)
    wanted = _parameters(loaded)
    names = names_in_checkpoint(wanted, name_map or {})
    missing = [
        f"  missing in the checkpoint: {_described(names[name], parameter)}{_for(name, names[name])}"
        for name, parameter in wanted.items()
        if names[name] not in there
    ]
    used = set(names.values())
    extra = [f"  only in the checkpoint: {_described(name, there[name])}" for name in there if name not in used]
    loaded_from = {name: there[names[name]] for name in wanted if names[name] in there}
    differing = [*differing_parameters(loaded_from, wanted), *_other_vocabularies(loaded_from, wanted)]
    if differing or (missing and not ignore_missing) or (extra and not ignore_extra):
        raise NetworkError(
            "the parameters of the checkpoint and those of the network that loads it do not agree:\n"
            + "\n".join([*missing, *extra, *differing])
        )


def _parameters(network: Program | Mapping[str, Parameter]) -> Mapping[str, Parameter]:
    return network if isinstance(network, Mapping) else network.parameters


def names_in_checkpoint(names: Mapping[str, object], name_map: Mapping[str, str]) -> dict[str, str]:
    """
    The name in the checkpoint for each name in the network.

    :param names: those in the network
    :param name_map: see :func:`check_parameters`; the longest prefix counts
    :raises NetworkError: if an entry fits no name
    """
    mapped: dict[str, str] = {}
    used: set[str | None] = set()
    for name in names:
        fitting = [key for key in name_map if key in (name, "") or (key.endswith("/") and name.startswith(key))]
        key = max(fitting, key=len, default=None)
        mapped[name] = name if key is None else name_map[key] + name[len(key) :]
        used.add(key)
    unused = [repr(key) for key in name_map if key not in used]
    if unused:
        raise NetworkError(f"the name map has entries that fit no parameter of the network: {', '.join(unused)}")
    return mapped


def differing_parameters(first: Mapping[str, Parameter], second: Mapping[str, Parameter]) -> list[str]:
    """A line for each parameter that both have, but with other dims or another dtype."""
    lines = []
    for name, parameter in second.items():
        other = first.get(name)
        if other is not None and not other.fits(parameter):
            lines.append(
                f"  differs: {_described(name, other)} in the checkpoint, {_described('', parameter)} in the network"
            )
    return lines


class UndecidedSize(NamedTuple):
    """
    One axis of a parameter whose size in the checkpoint or in the network a job gives later.

    :ivar name: of the parameter
    :ivar in_checkpoint: the axis that it was trained with
    :ivar in_network: the axis that it is to have
    """

    name: str
    in_checkpoint: Dim
    in_network: Dim

    def check(self) -> None:
        """
        Compares the sizes, once they are there.

        :raises NetworkError: if they differ
        """
        sizes = self.in_checkpoint.size, self.in_network.size
        if sizes[0] != sizes[1]:
            raise NetworkError(
                f"the checkpoint does not fit the network: {self.name} was trained with {sizes[0]} "
                f"({_of(self.in_checkpoint)}), but the network that loads it has {sizes[1]} ({_of(self.in_network)})"
            )


def undecided_sizes(
    trained: Program | Mapping[str, Parameter],
    loaded: Program | Mapping[str, Parameter],
    *,
    name_map: Mapping[str, str] | None = None,
) -> list[UndecidedSize]:
    """
    What :func:`check_parameters` cannot compare yet, because a job gives a size; each pair of dims once.

    :param trained: as for :func:`check_parameters`, as the others
    """
    there, wanted = _parameters(trained), _parameters(loaded)
    names = names_in_checkpoint(wanted, name_map or {})
    found: dict[tuple[Dim, Dim], UndecidedSize] = {}
    for name, parameter in wanted.items():
        other = there.get(names[name])
        for one, two in zip(other.dims, parameter.dims) if other is not None else ():
            if one is not two and None in (one.known_size, two.known_size):
                found.setdefault((one, two), UndecidedSize(name, one, two))
    return list(found.values())


def _other_vocabularies(first: Mapping[str, Parameter], second: Mapping[str, Parameter]) -> list[str]:
    """A line for each parameter of labels that are given by another job."""
    lines: dict[tuple[Dim, Dim], str] = {}
    for name, parameter in second.items():
        for one, two in zip(first[name].dims, parameter.dims) if name in first else ():
            labels = one.delayed_labels, two.delayed_labels
            if labels[0] is not None and labels[1] is not None and labels[0].origin != labels[1].origin:
                text = f"  other labels: {name} was trained with {labels[0]!r}, the network has {labels[1]!r}"
                lines.setdefault((one, two), text)
    return list(lines.values())


def _of(dim: Dim) -> str:
    return f"dim {dim.name!r}" + (f", {dim.delayed_size!r}" if dim.delayed_size is not None else "")


def _described(name: str, parameter: Parameter) -> str:
    dtype = "" if parameter.dtype == "float32" else f" {parameter.dtype}"
    return f"{name} {list(parameter.dims)}{dtype}".strip()


def _for(name: str, in_checkpoint: str) -> str:
    return f" (for {name})" if name != in_checkpoint else ""
