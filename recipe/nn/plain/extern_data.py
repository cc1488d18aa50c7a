"""ExternData: the declaration of an input."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .dim import DimLike, as_dim, batch_dim
from .dims import dims_text, ordered_dims
from .dtype import as_dtype
from .errors import NetworkError


class ExternData:
    """
    An input of the network, as a dataset of RETURNN gives it.

    :param name: its key in the dataset
    :param dims: its axes, ``nn.batch_dim`` first
    :param sparse_dim: for labels: the dim that they index
    :param dtype: default: int32 for labels, else float32
    """

    def __init__(
        self, name: str, dims: Iterable[DimLike], *, sparse_dim: DimLike | None = None, dtype: str | None = None
    ):
        self.name = name
        self.dims = ordered_dims(dims)
        self.sparse_dim = as_dim(sparse_dim) if sparse_dim is not None else None
        self.dtype = as_dtype(dtype) if dtype is not None else ("int32" if self.sparse_dim is not None else "float32")
        if not isinstance(name, str):
            raise NetworkError(f"the name of an input is a text, its key in the dataset, not {name!r}")
        if batch_dim not in self.dims:
            raise NetworkError(
                f"input {name!r} needs nn.batch_dim among its dims, it has {dims_text(self.dims)}: "
                "nn.ExternData(name, [nn.batch_dim, time, feature])"
            )
        for dim in self.dims:
            if self.dims.count(dim) > 1:
                raise NetworkError(
                    f"input {name!r} has the dim {dim} twice: {dims_text(self.dims)}. Make a second nn.Dim"
                )
        self._is_declared = True

    def __setattr__(self, name: str, value: Any) -> None:
        if "_is_declared" in vars(self):
            raise NetworkError(f"the declaration of input {self.name!r} cannot be changed; make another nn.ExternData")
        super().__setattr__(name, value)

    def __repr__(self) -> str:
        return f"ExternData({self.name!r}, {dims_text(self.dims)})"
