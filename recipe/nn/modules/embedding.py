"""Embedding: a vector for each label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.as_tensor import as_tensor
from ..ops.linear import LinearOp
from ..plain.dim import DimLike
from ..plain.errors import NetworkError
from ..record.graph import Tensor
from ..record.parameter import Parameter
from ..record.unknown_start import wrong_type


class Embedding(Module):
    """
    A vector for each label: labels [...] become [..., dim]. Its parameter is ``W`` [labels, dim].

    :param labels: the dim of the labels
    :param dim: the dim of the vectors
    """

    def __init__(self, labels: DimLike, dim: DimLike):
        super().__init__()
        self.W = Parameter([labels, dim])

    def forward(self, labels: Tensor) -> Tensor:
        """
        :param labels: int32 labels, any dims
        :return: the dims of the labels and the vector's dim
        """
        labels = as_tensor(labels)
        expected = self.W.dims[0]
        if labels.sparse_dim is None:
            whole = labels.dtype.startswith("int")
            message = f"Embedding wants labels of {expected}, but {labels} is {labels.dtype} and no labels. " + (
                "nn.cast(x, 'int32', sparse_dim=labels) makes ints labels; a state is labels if its initial value "
                "is: nn.constant(0, [nn.batch_dim], sparse_dim=labels)"
                if whole
                else "For vectors there is nn.Linear"
            )
            raise wrong_type(labels, "int32", message, labels=expected)
        fits = labels.sparse_dim is expected or (
            expected.is_anonymous and expected.known_size == labels.sparse_dim.known_size
        )
        if not fits:
            swapped = " Were its dims swapped? Embedding(labels, dim)" if labels.sparse_dim is self.W.dims[1] else ""
            raise NetworkError(
                f"Embedding wants labels of {expected}, but {labels} are labels of {labels.sparse_dim}.{swapped}"
            )
        return LinearOp(labels, as_tensor(self.W), None).output

    if TYPE_CHECKING:
        __call__ = forward
