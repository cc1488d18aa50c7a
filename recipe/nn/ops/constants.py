"""Constants: the same value at each step and for each sequence."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from ..plain.delayed import Delayed, is_delayed, resolved
from ..plain.dim import Dim, DimLike, as_dim
from ..plain.dims import dims_text, ordered_dims
from ..plain.dtype import as_dtype
from ..plain.errors import NetworkError
from ..plain.number import is_number, plain_number
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .not_a_tensor import not_a_tensor


class Constant(Op):
    """
    One number in all places; it may be one that a job gives later.

    What it reads are tensors that have its axes with lengths, see :mod:`recipe.nn.program.lengths`.
    """

    name = "constant"
    makes_lengths = False

    def __init__(self, value: bool | int | float | Delayed, dims: tuple[Dim, ...], dtype: str, sparse_dim: Dim | None):
        self.value, self.dims, self.dtype, self.sparse_dim = value, dims, dtype, sparse_dim
        super().__init__()
        known = self.body.recording.with_lengths
        having = [[x for x in known.get(dim, ()) if self.body.is_inside(x.op.body)] for dim in dims]
        self.inputs = tuple(tensors[0] for tensors in having if tensors)

    def infer(self) -> None:
        """As given."""
        self.set_output(self.dims, dtype=self.dtype, sparse_dim=self.sparse_dim)

    def describe(self, tensor: Tensor) -> str:
        """With the number."""
        return f"number {self.value}" if not self.dims else f"constant {self.value} {dims_text(self.dims)}"

    def numpy(self, run: Arrays, *having: numpy.ndarray) -> numpy.ndarray:
        """``numpy.full``."""
        return numpy.full(run.shape(self.output.dims), resolved(self.value), self.dtype)

    def form(self) -> Form:
        """``constant``; one for all that are alike."""
        options: dict[str, Any] = {"value": self.value, "dtype": self.dtype}
        if self.dims:
            options["shape"] = self.dims
        if self.sparse_dim is not None:
            options["sparse_dim"] = self.sparse_dim
        return Form("constant", options, is_shared=True)


def constant(
    value: Any,
    dims: Iterable[DimLike] = (),
    *,
    dtype: str | None = None,
    sparse_dim: DimLike | None = None,
) -> Tensor:
    """
    ``value`` in all places of a tensor of these dims.

    :param value: a number or bool; or what gives a number later, see :mod:`recipe.nn.plain.delayed`
    :param dtype: default: bool, int32 or float32, as the value is
    :param sparse_dim: for labels: the dim that they index
    """
    if is_delayed(value) and not isinstance(value, Delayed):
        value = Delayed(value, "a constant", check=is_number, wanted="a number")
    value = plain_number(value)
    if not isinstance(value, (bool, int, float, Delayed)):
        raise not_a_tensor(value, "a number")
    if dtype is None:
        dtype = "float32" if isinstance(value, Delayed) else None
    if dtype is None:
        dtype = "bool" if isinstance(value, bool) else "int32" if isinstance(value, int) else "float32"
    as_dtype(dtype)
    if dtype.startswith("float") and not isinstance(value, Delayed):
        value = float(value)
    labels = as_dim(sparse_dim) if sparse_dim is not None else None
    size = labels.known_size if labels is not None else None
    if size is not None and not isinstance(value, Delayed) and not 0 <= value < size:
        raise NetworkError(f"{value} is no label of {labels}, which are 0 to {size - 1}")
    return Constant(value, ordered_dims(dims), dtype, labels).output


def zeros(dims: Iterable[DimLike], *, dtype: str = "float32", sparse_dim: DimLike | None = None) -> Tensor:
    """0 in all places; False for bool."""
    return constant(False if dtype == "bool" else 0, dims, dtype=dtype, sparse_dim=sparse_dim)


def ones(dims: Iterable[DimLike], *, dtype: str = "float32") -> Tensor:
    """1 in all places; True for bool."""
    return constant(True if dtype == "bool" else 1, dims, dtype=dtype)


def constant_value(tensor: Tensor) -> bool | int | float | None:
    """The number, if the tensor is a constant that is known while the network is made, else None."""
    if not isinstance(tensor.op, Constant) or isinstance(tensor.op.value, Delayed):
        return None
    return tensor.op.value
