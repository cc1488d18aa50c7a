"""Sizes, numbers and names of labels that other jobs give, made up for a step of a network before these have run."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator
from typing import Any

from sisyphus import tk

from recipe import nn
from recipe.nn.plain.delayed import Delayed

_SIZE = 24
_NUMBER = 0.5
_SPECIAL = ("</s>", "<s>", "<unk>")
_MOST = 3
"""Variables of a network that are made up together: each is tried with several values."""


class MadeUpVariable(tk.Variable):  # type: ignore[misc]
    """
    A variable with a value before its job has run.

    :ivar made_up: the value
    """

    made_up: Any = None

    def is_set(self) -> bool:
        """It always has one."""
        return True

    def available(self, *_: Any, **__: Any) -> bool:
        """It always has one."""
        return True

    def get(self) -> Any:
        """The value."""
        return self.made_up


class MadeUpValues:
    """Variables that were given values in this process; they get back what they were at the end of a ``with``."""

    def __init__(self) -> None:
        self._before: dict[int, tuple[Any, type]] = {}

    def __enter__(self) -> MadeUpValues:
        return self

    def __exit__(self, *_: object) -> None:
        for variable, kind in self._before.values():
            vars(variable).pop("made_up", None)
            variable.__class__ = kind

    def make_up(self, network: nn.Network) -> list[Any]:
        """
        Gives values to all variables that a network waits for, so that all that is made of them fits.

        :return: these variables, also those that have got values for another network; none if no values fit
        """
        variables = list(dict.fromkeys(one for delayed in network.delayed for one in _variables(delayed.source)))
        known = [one for one in variables if isinstance(one, MadeUpVariable)]
        if all(delayed.is_available() for delayed in network.delayed):
            return known
        unset = [one for one in variables if not one.is_set()]
        if not unset or len(unset) > _MOST:
            return []
        kinds = [type(one) for one in unset]
        for one in unset:
            one.__class__ = MadeUpVariable
        for values in _candidates(network, len(unset)):
            for one, value in zip(unset, values):
                one.made_up = value
            if _fit(network):
                self._before.update({id(one): (one, kind) for one, kind in zip(unset, kinds)})
                return [*known, *unset]
        for one, kind in zip(unset, kinds):
            vars(one).pop("made_up", None)
            one.__class__ = kind
        return []


def _candidates(network: nn.Network, number: int) -> Iterator[tuple[Any, ...]]:
    """Values for so many variables: numbers, sizes, names of labels."""
    known = (dim.known_size for dim in _dims(network) if dim.delayed_labels is not None)
    sizes = {size for size in known if size is not None}
    fewer = [size - more for size in sorted(sizes) for more in range(len(_SPECIAL) + 1)]  # an expression may add some
    for size in dict.fromkeys([*fewer, _SIZE]):
        if size > len(_SPECIAL):
            labels = [*_SPECIAL, *(f"label{index}" for index in range(len(_SPECIAL), size))]
            yield from itertools.product((_NUMBER, size, labels), repeat=number)


def _fit(network: nn.Network) -> bool:
    """Whether all that is made of the values is what the network wants."""
    try:
        for delayed in network.delayed:
            delayed.get()
        for dim in _dims(network):
            if dim.delayed_labels is not None:
                labels = dim.labels
                if labels is None or not all(isinstance(label, str) for label in labels):
                    return False
    except Exception:  # of an expression of the user's, which gets values of another kind
        return False
    return True


def _dims(network: nn.Network) -> Iterable[nn.Dim]:
    """Those that inputs, parameters and outputs have, each once."""
    tensors = [tensor for _, tensor in network.outputs]
    found = [dim for data in network.extern_data.values() for dim in (*data.dims, data.sparse_dim)]
    found += [dim for tensor in tensors for dim in (*tensor.dims, tensor.sparse_dim)]
    found += [dim for parameter in network.parameters.values() for dim in parameter.dims]
    return dict.fromkeys(dim for dim in found if dim is not None)


def _variables(source: Any) -> Iterator[Any]:
    """The variables in an expression."""
    if isinstance(source, tk.Variable):
        yield source
    elif isinstance(source, tk.Path):
        return
    elif isinstance(source, Delayed):
        yield from _variables(source.source)
    elif isinstance(source, dict):
        for item in source.values():
            yield from _variables(item)
    elif isinstance(source, (list, tuple)):
        for item in source:
            yield from _variables(item)
    elif hasattr(source, "__dict__") and not isinstance(source, type) and not inspect.isroutine(source):
        yield from _variables(vars(source))
