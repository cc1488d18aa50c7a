"""Functions of one value that are made of others by cases: values within limits, and the leaky ReLU."""

from __future__ import annotations

from ..plain.errors import NetworkError
from ..plain.number import is_number
from ..record.graph import Tensor
from .as_tensor import TensorLike, as_tensor
from .elementwise import maximum, minimum, where


def clip(x: Tensor, low: TensorLike | None, high: TensorLike | None) -> Tensor:
    """
    ``low`` where ``x`` is below it, ``high`` where ``x`` is above it, else ``x``: as ``numpy.clip``.

    The gradient for ``x`` is 0 where it is outside, as that of ``tf.clip_by_value``.

    :param low: a number or tensor; None for no limit
    :param high: the same
    :raises NetworkError: if there is no limit at all, or the lower one is above the other
    """
    x = as_tensor(x)
    if low is None and high is None:
        raise NetworkError(f"clip of {x} wants a limit at least: nn.clip(x, -1.0, 1.0), or nn.clip(x, 0.0, None)")
    if is_number(low) and is_number(high) and low > high:  # type: ignore[operator]
        raise NetworkError(f"clip of {x}: the lower limit {low} is above the upper one, {high}: nn.clip(x, low, high)")
    if low is not None:
        x = maximum(x, low)
    return x if high is None else minimum(x, high)


def leaky_relu(x: Tensor, negative_slope: float = 0.01) -> Tensor:
    """
    ``x`` where it is greater than 0, else ``negative_slope * x`` (Maas et al. 2013).

    :param negative_slope: PyTorch's default is 0.01, that of TensorFlow 0.2
    """
    x = as_tensor(x)
    return where(x > 0, x, negative_slope * x)
