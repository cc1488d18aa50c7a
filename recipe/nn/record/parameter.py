"""Parameter: what training changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or
from ..plain.dim import Dim, DimLike
from ..plain.dims import dims_text, ordered_dims
from ..plain.dtype import as_dtype
from ..plain.errors import NetworkError, did_you_mean
from ..plain.initializer import Uniform, as_initializer
from ..plain.number import is_number
from .graph import Tensor
from .operators import Arithmetic


class Parameter(Arithmetic[Tensor]):
    """
    A trained tensor, owned by the module that has it as attribute; its path there is its name.

    What training does with it may be changed later, as attributes or by ``module.freeze()`` and
    ``module.train_with()``; a network that was recorded before stays as it is.

    :param dims: the shape
    :param initial: an initializer, or a number for a constant (one that a job gives, too);
        default: Glorot uniform
    :param dtype: of the values
    :param trainable: whether training changes it
    :param weight_decay: factor of its squared L2 norm in the total loss (RETURNN's ``L2``)
    :param learning_rate_factor: by which its learning rate is greater than that of others
    """

    learning_rate_factor: float | Delayed = 1.0

    def __init__(
        self,
        dims: Iterable[DimLike],
        *,
        initial: Any = None,
        dtype: str = "float32",
        trainable: bool = True,
        weight_decay: Any = 0.0,
        learning_rate_factor: Any = 1.0,
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
        self.weight_decay: float | Delayed = weight_decay
        self.learning_rate_factor = learning_rate_factor

    def __setattr__(self, name: str, value: Any) -> None:
        """
        :raises NetworkError: for a value that an option of training cannot have, and for what is no option
        """
        if name not in _ATTRIBUTES and not name.startswith("_"):
            alike = " It is called trainable" if name.startswith("requires_grad") else did_you_mean(name, _ATTRIBUTES)
            raise NetworkError(f"{self} has no option {name!r}, so setting it changes nothing.{alike}")
        object.__setattr__(self, name, checked_option(name, value))

    def __copy__(self) -> Parameter:
        """Another one with the same options."""
        twin = object.__new__(type(self))
        for name, value in vars(self).items():
            object.__setattr__(twin, name, value)  # it was checked
        return twin

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


_ATTRIBUTES = ("dims", "initial", "dtype", "trainable", "weight_decay", "learning_rate_factor")


def _is_factor(value: Any) -> bool:
    return is_number(value) and value > 0


_OPTIONS: dict[str, tuple[str, Any, str]] = {
    "weight_decay": ("the weight decay", is_number, "a number"),
    "learning_rate_factor": ("the factor of the learning rate", _is_factor, "above 0 (trainable=False for none)"),
}
"""What is said of the options of training that are numbers, and which they may be."""


def checked_option(name: str, value: Any) -> Any:
    """
    An attribute of a parameter, as it is kept.

    :raises NetworkError: for a value that an option of training cannot have
    """
    if name in _OPTIONS:
        return delayed_or(value, *_OPTIONS[name])
    if name == "trainable" and not isinstance(value, bool):
        raise NetworkError(f"trainable is True or False, not {value!r}")
    return value
