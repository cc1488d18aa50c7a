"""Linear: a matrix product with bias."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..language.module import Module
from ..ops.array import concat
from ..ops.as_tensor import as_tensor
from ..ops.linear import LinearOp
from ..plain.dim import DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.graph import Tensor
from ..record.parameter import Parameter
from ..record.recording import current_recording


class Linear(Module):
    """
    ``y = x W + b``: [..., in_dim] becomes [..., out_dim]. Parameters: ``W`` [in_dim, out_dim] and ``b`` [out_dim].

    :param dims: ``Linear(out_dim)`` or ``Linear(in_dim, out_dim)``; without in_dim it is that of the first input
    :param n_out: out_dim, as RETURNN calls it
    :param with_bias: whether there is a bias
    """

    def __init__(self, *dims: DimLike, n_out: DimLike | None = None, with_bias: bool = True):
        super().__init__()
        given = [*dims, *([n_out] if n_out is not None else [])]
        if not 1 <= len(given) <= 2:
            raise NetworkError(f"Linear(out_dim) or Linear(in_dim, out_dim), but {len(given)} dims were given: {given}")
        self.out_dim = as_dim(given[-1])
        self.with_bias = with_bias
        self.W: Parameter | None = None
        self.b: Parameter | None = None
        self._in_dim = given[0] if len(given) == 2 else None
        if self._in_dim is not None:
            self._make(self._in_dim)

    def forward(self, x: Tensor | Sequence[Tensor]) -> Tensor:
        """
        :param x: [..., in_dim], or labels of in_dim, or a list of such, which is joined
        :return: [..., out_dim]
        """
        x = concat(x) if isinstance(x, (list, tuple)) else as_tensor(x)
        if self.W is None:
            self._make(x.feature_dim)
        assert self.W is not None
        check_in_dim(self, x, self.W)
        return LinearOp(x, as_tensor(self.W), as_tensor(self.b) if self.b is not None else None).output

    if TYPE_CHECKING:
        __call__ = forward

    def _make(self, in_dim: DimLike) -> None:
        self.W = Parameter([in_dim, self.out_dim])
        self.b = Parameter([self.out_dim], initial=0.0) if self.with_bias else None


def check_in_dim(module: Module, x: Tensor, weight: Parameter) -> None:
    """
    Checks the features of an input against a weight's first dim. One given as a plain int fits every dim of its size.

    :raises NetworkError: if they do not fit
    """
    wanted, given = weight.dims[0], x.feature_dim
    if wanted is given or (wanted.is_anonymous and wanted.known_size == given.known_size) or wanted.known_size == 0:
        return
    if given.known_size == 0 or (given.is_anonymous and wanted.known_size == given.known_size):
        return
    hint = ""
    if x.sparse_dim is not None:
        hint = ". For a vector per label there is nn.Embedding(labels, dim)"
    elif given in weight.dims[1:] and isinstance(module, Linear):
        hint = f". Were its dims swapped? {type(module).__name__}(in_dim, out_dim)"
    elif wanted.known_size is not None and wanted.known_size == given.known_size:
        hint = ". They have the same size, but are two dims: use one Dim object in both places"
    path = current_recording().names.path_if_known(module)
    raise NetworkError(
        f"{type(module).__name__}{f' {path!r}' if path else ''} has in_dim {wanted}, but its input has the feature dim "
        f"{given}: {x}{hint}"
    )
