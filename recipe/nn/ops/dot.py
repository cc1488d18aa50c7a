"""Dot products of two tensors."""

from __future__ import annotations

import string

import numpy

from ..plain.dim import Dim, DimLike
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.parameter import Parameter
from .as_tensor import as_tensor


class Dot(Op):
    """``sum_k a[..., k] b[..., k]`` over one common dim."""

    name = "dot"

    def __init__(self, a: Tensor, b: Tensor, reduce: Dim):
        self.reduce = reduce
        super().__init__(a, b)

    def infer(self) -> None:
        """All dims of both but the reduced one; those that both have (the batch dim, say) stand once."""
        a, b = self.inputs
        self.require_float(a, b)
        for tensor in (a, b):
            if self.reduce not in tensor.dims:
                both = [dim for dim in a.dims if dim in b.dims and not dim.is_batch]
                hint = (
                    f"Both have {dims_text(both)}: reduce=dim says which to sum over" if both else "They share no dim"
                )
                raise NetworkError(f"dot sums over {self.reduce}, but {tensor} has no such dim. {hint}")
        dims = [dim for dim in a.dims if dim is not self.reduce]
        more = [dim for dim in b.dims if dim is not self.reduce and dim not in dims]
        self.set_output([dim for dim in dims + more if dim.is_batch] + [d for d in dims + more if not d.is_batch])

    def numpy(self, run: Arrays, a: numpy.ndarray, b: numpy.ndarray) -> numpy.ndarray:
        """``numpy.einsum``; padded frames of the reduced dim do not count."""
        letters: dict[Dim, str] = {}
        for tensor in self.inputs:
            for dim in tensor.dims:
                letters.setdefault(dim, string.ascii_lowercase[len(letters)])
        if self.reduce.is_dynamic:
            # of both: 0 times what stands in the padding may be no number
            a, b = (numpy.where(run.mask(self.reduce, x.dims), array, 0) for x, array in zip(self.inputs, (a, b)))
        left, right = ("".join(letters[dim] for dim in tensor.dims) for tensor in self.inputs)
        return numpy.einsum(f"{left},{right}->{''.join(letters[dim] for dim in self.output.dims)}", a, b)

    def form(self) -> Form:
        """``dot``."""
        return Form("dot", {"from": list(self.inputs), "reduce": self.reduce})


def dot(a: Tensor | Parameter, b: Tensor | Parameter, *, reduce: DimLike | str | None = None) -> Tensor:
    """
    The sum of products over one dim that both have: [..., k] and [..., k] become the other dims of both.

    :param reduce: that dim; default: the feature dim of ``a``
    :raises NetworkError: if one of them does not have it
    """
    a, b = as_tensor(a), as_tensor(b)
    return Dot(a, b, a.resolve_axis(reduce) if reduce is not None else a.feature_dim).output
