"""What stands where a tensor is wanted: what it is, and how the tensor in it is reached."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim
from ..plain.errors import NetworkError
from ..plain.structure import structure_text


def not_a_tensor(value: Any, wanted: str = "a tensor") -> NetworkError:
    """
    The error about a value that is none. A class says by ``__instead_of_tensor__()`` what its instances are.

    :param value: what was given
    :param wanted: what the place is for
    """
    return NetworkError(f"{wanted} is wanted here, not {_what_it_is(value)}")


def _what_it_is(value: Any) -> str:
    if isinstance(value, (tuple, list, dict)):
        return f"{structure_text(value)}. {_part_of(value)}"
    if isinstance(value, numpy.ndarray):
        return (
            f"an array {value.shape}. What is known now becomes part of a network as nn.Parameter or nn.constant, and "
            "data is fed: nn.get_extern_data(name)"
        )
    if hasattr(type(value), "__instead_of_tensor__"):
        return str(value.__instead_of_tensor__())
    if isinstance(value, Dim):
        return f"the Dim {value}. nn.length(dim, like=x) is the tensor of its lengths, dim.size a fixed size"
    if value is None:
        return "None. Whether there is a value is asked with `x is None`"
    return f"{value!r} ({type(value).__name__})"


def _part_of(value: Any) -> str:
    if len(value) == 2 and isinstance(value, tuple) and hasattr(value[1], "_fields") and not hasattr(value, "_fields"):
        return "Lstm and LstmCell give two results: y, state = module(x, state)"
    if hasattr(value, "_fields"):
        return f"Take a part of it: {', '.join(f'value.{name}' for name in value._fields)}"
    return "Give its parts one by one, or join them: nn.concat(a, b)"
