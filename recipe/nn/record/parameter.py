"""Parameter: what training changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or
from ..plain.dim import Dim, DimLike, dims_text, ordered_dims
from ..plain.dtype import as_dtype
from ..plain.errors import NetworkError
from ..plain.initializer import Uniform, as_initializer
from ..plain.number import is_number
from .graph import Tensor
from .operators import Arithmetic


class Parameter(Arithmetic[Tensor]):
    """
    A trained tensor, owned by the module that has it as attribute; its path there is its name.

    :param dims: the shape
    :param initial: an initializer, or a number for a constant (one that a job gives, too);
        default: Glorot uniform
    :param dtype: of the values
    :param trainable: whether training changes it
    :param weight_decay: factor of its squared L2 norm in the total loss (RETURNN's ``L2``)
    """

    def __init__(
        self,
        dims: Iterable[DimLike],
        *,
        initial: Any = None,
        dtype: str = "float32",
        trainable: bool = True,
        weight_decay: Any = 0.0,
    ):
        if isinstance(dims, (numpy.ndarray, Tensor)):
            what = f"an array {dims.shape}" if isinstance(dims, numpy.ndarray) else str(dims)
            raise NetworkError(
                f"a Parameter is made of its dims, not of {what}: nn.Parameter([in_dim, out_dim], "
                "initial=nn.Normal(0.01)). What numpy.save wrote is the initial value by initial=nn.NumpyFile(path)"
            )
        self.dims: tuple[Dim, ...] = ordered_dims(dims)
        for dim in self.dims:
            if not dim.is_static:
                raise NetworkError(
                    f"a parameter has fixed sizes, but {dim} of {dims_text(self.dims)} has another length for each "
                    "sequence"
                )
        self.initial = as_initializer(initial) if initial is not None else Uniform.glorot()
        self.dtype = as_dtype(dtype)
        self.trainable = trainable
        self.weight_decay: float | Delayed = delayed_or(weight_decay, "the weight decay", is_number, "a number")

    @property
    def shape(self) -> tuple[int, ...]:
        """The sizes."""
        return tuple(dim.size for dim in self.dims)

    def fits(self, other: Parameter) -> bool:
        """Whether values of the one can be values of the other, as far as sizes are known: jobs may give some later."""
        sizes = [(one.known_size, two.known_size) for one, two in zip(self.dims, other.dims)]
        same = all(one == two for one, two in sizes if one is not None and two is not None)
        return same and len(self.dims) == len(other.dims) and self.dtype == other.dtype

    def __repr__(self) -> str:
        return f"Parameter({dims_text(self.dims)})"
