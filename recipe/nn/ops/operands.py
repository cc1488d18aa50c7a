"""The two sides of an operator: both as tensors, a number in the type of the other one; what does not go together."""

from __future__ import annotations

from typing import Any

from ..plain.delayed import is_delayed
from ..plain.errors import NetworkError
from ..plain.number import is_number, plain_number
from ..record.graph import Tensor
from ..record.unknown_start import wrong_type
from .array import squeeze
from .as_tensor import TensorLike, as_tensor
from .constants import constant_value


def as_tensors(left: TensorLike, right: TensorLike) -> tuple[Tensor, Tensor]:
    """Both as tensors; a number takes the dtype of the other side where it can."""
    left, right = plain_number(left), plain_number(right)
    _check_both_conditions(left, right)
    if is_number(left) or is_delayed(left):
        right = as_tensor(right)
        return as_tensor(left, dtype=_number_dtype(left, right)), right
    left = as_tensor(left)
    if is_number(right) or is_delayed(right):
        return left, as_tensor(right, dtype=_number_dtype(right, left))
    return left, as_tensor(right)


def _check_both_conditions(left: Any, right: Any) -> None:
    """
    :raises NetworkError: of an int beside a condition, which is True or False
    """
    for one, other in ((left, right), (right, left)):
        is_condition = isinstance(other, bool) or (isinstance(other, Tensor) and other.dtype == "bool")
        if is_number(one) and isinstance(one, int) and is_condition:
            raise NetworkError(
                f"the number {one} beside {other}, which is bool: write True or False, or nn.cast(x, 'int32') for 1 "
                "and 0"
            )


def without_ones(x: Tensor, other: Tensor) -> Tensor:
    """A tensor without the axes of size 1 that alone keep it from broadcasting to the other one."""
    if x.known_dims is None or other.known_dims is None:
        return x
    missing = [dim for dim in x.dims if dim not in other.dims]
    if all(dim.known_size == 1 for dim in missing) and any(dim not in x.dims for dim in other.dims):
        for dim in missing:
            x = squeeze(x, dim)
    return x


def _number_dtype(number: Any, other: Tensor) -> str:
    return other.dtype if not isinstance(number, float) or other.dtype.startswith("float") else "float32"


def check_alike(name: str, left: Tensor, right: Tensor, *, same_labels: bool = True) -> None:
    """
    :raises NetworkError: if two values have other dtypes, or are labels of other dims
    """
    if left.dtype != right.dtype:
        message = f"{name} of {left.dtype} and {right.dtype}: {left} and {right}. {_cast_hint(left, right)}"
        known, unknown = (left, right) if right.dtype.startswith("float") else (right, left)
        raise wrong_type(unknown, known.dtype, message, labels=known.sparse_dim)
    if same_labels and left.sparse_dim is not None and right.sparse_dim is not None:
        if left.sparse_dim is not right.sparse_dim:
            raise NetworkError(
                f"{name} of labels of {left.sparse_dim} and of {right.sparse_dim}: {left} and {right}. "
                "nn.cast(x, 'int32', sparse_dim=...) makes them labels of one dim"
            )


def _cast_hint(left: Tensor, right: Tensor) -> str:
    for tensor in (left, right):
        initial = getattr(tensor.op, "initial", None)
        start = constant_value(initial) if initial is not None else None
        if isinstance(start, int) and tensor.dtype == "int32":
            return f"A state keeps the type of its initial value: start it with {start}.0 for float32"
    for tensor in (left, right):
        if tensor.sparse_dim is not None:
            return "Labels are indices: nn.Embedding makes vectors of them, nn.cast(x, 'float32') numbers"
    return "nn.cast(x, dtype) makes one like the other"
