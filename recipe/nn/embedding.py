"""Embedding: a vector for each label."""

from __future__ import annotations

from .dim import DimLike
from .errors import NetworkError
from .linear import LinearOp
from .module import Module
from .parameter import Parameter
from .recording import as_tensor
from .tensor import Tensor


class Embedding(Module):
    """
    A vector for each label.

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
            raise NetworkError(f"Embedding wants labels of {expected}, but {labels} is {labels.dtype}")
        fits = labels.sparse_dim is expected or (
            expected.is_anonymous and expected.known_size == labels.sparse_dim.known_size
        )
        if not fits:
            raise NetworkError(f"Embedding wants labels of {expected}, but {labels} are labels of {labels.sparse_dim}")
        return LinearOp(labels, as_tensor(self.W), None).output
