"""What may stand for a tensor, and the tensor that it stands for."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import is_delayed
from ..record.graph import Tensor
from ..record.operators import Arithmetic, operator
from ..record.parameter import Parameter
from ..record.recording import current_recording
from .constants import constant
from .inputs import parameter_tensor
from .not_a_tensor import not_a_tensor

TensorLike = Tensor | Arithmetic[Tensor] | int | float | bool
"""A tensor, a parameter, a state that holds a tensor, or a number."""


@operator("as_tensor")
def as_tensor(value: Any, *, dtype: str | None = None) -> Tensor:
    """
    A tensor for what may stand for one: tensors, parameters, states that hold a tensor, numbers.

    A class says by ``__as_tensor__()`` what its instances stand for.

    :raises NetworkError: for anything else
    """
    if isinstance(value, Tensor):
        return value
    if isinstance(value, Parameter):
        return parameter_tensor(current_recording(), value)
    if hasattr(type(value), "__as_tensor__"):
        return as_tensor(value.__as_tensor__(), dtype=dtype)
    if isinstance(value, (bool, int, float)) or is_delayed(value):
        return constant(value, dtype=dtype)
    if isinstance(value, (numpy.generic, numpy.ndarray)) and value.shape == () and value.dtype.kind in "biuf":
        return constant(value[()], dtype=dtype)  # type: ignore[index]
    raise not_a_tensor(value)
