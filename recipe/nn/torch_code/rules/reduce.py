"""Over axes: sums, means, maxima, softmax, cumulative sums, products of matrices."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.cumulative import CumLogSumExp, CumMax, CumSum
from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.reduce import Reduce
from ...ops.softmax import Softmax
from ...plain.dim import Dim
from ...record.graph import Tensor
from ..code import Code
from ..layout import primary
from ..rule import rule
from .indexing import worst


@rule(Reduce)
def reduce(op: Reduce, code: Code) -> str:
    """PyTorch's function over the frames that are no padding."""
    x = op.inputs[0]
    if not op.axes:
        return code.of(x)
    dims = [x.dims.index(axis) for axis in op.axes]
    axes = str(dims[0]) if len(dims) == 1 else f"({', '.join(map(str, dims))})"
    if op.mode in ("sum", "mean"):
        frames = code.without_padding(x, op.axes, "0")
        mask = code.masks(op.axes, x.dims)
        if op.mode == "sum":
            dtype = "" if x.dtype.startswith("float") else f", dtype={code.dtype(x.dtype)}"
            return f"{primary(frames)}.sum({axes}{dtype})"
        if mask is None:
            return f"{primary(frames)}.mean({axes})"
        return f"{code.function('masked_mean')}({code.of(x)}, {mask}, {axes})"
    neutral = worst(x.dtype, largest=op.mode == "min", code=code)
    frames = code.without_padding(x, op.axes, neutral)
    if op.mode == "logsumexp":
        return f"torch.logsumexp({frames}, {axes})"
    function = {"max": "greatest_of", "min": "least_of"}[op.mode]
    return f"{code.function(function)}({frames}, {axes}, {neutral})"


@rule(Softmax)
def softmax(op: Softmax, code: Code) -> str:
    """``torch.softmax``; frames that are padding get probability 0."""
    x = op.inputs[0]
    energies = code.of(x)
    if op.energy_factor != 1.0:
        energies = f"{primary(energies)} * {op.energy_factor!r}"
    padding = code.padding(op.axis, x.dims)
    if padding is not None:
        energies = f"{primary(energies)}.masked_fill({padding}, -1e30)"
    return f"torch.{op.name}({energies}, dim={x.dims.index(op.axis)})"


@rule(CumSum)
def cum_sum(op: CumSum, code: Code) -> str:
    """``x.cumsum``."""
    x = op.inputs[0]
    return f"{primary(code.of(x))}.cumsum({x.dims.index(op.axis)})"


@rule(CumLogSumExp)
def cum_log_sum_exp(op: CumLogSumExp, code: Code) -> str:
    """A function of ours."""
    x = op.inputs[0]
    return f"{code.function('cumulative_log_sum_exp')}({code.of(x)}, {x.dims.index(op.axis)}, exclusive={op.exclusive})"


@rule(CumMax)
def cum_max(op: CumMax, code: Code) -> str:
    """``x.cummax``."""
    x = op.inputs[0]
    return f"{primary(code.of(x))}.cummax({x.dims.index(op.axis)}).values"


@rule(Dot)
def dot(op: Dot, code: Code) -> str:
    """A product of matrices, or ``torch.einsum``; padded frames of the reduced axis do not count."""
    a, b = op.inputs
    common = [dim for dim in a.dims if dim in b.dims and dim is not op.reduce]
    rows, columns = ([dim for dim in x.dims if dim not in common and dim is not op.reduce] for x in (a, b))
    if max(len(rows), len(columns)) != 1:
        return _einsum(op, code)
    if rows and columns and op.output.dims.index(columns[0]) < op.output.dims.index(rows[0]):
        a, b, rows, columns = b, a, columns, rows
    left = _factor(a, b, (*common, *rows, op.reduce), code, op.reduce)
    right = _factor(b, a, (*common, op.reduce, *columns), code, op.reduce)
    product = f"{left if rows else f'{left}.unsqueeze(-2)'} @ {right if columns else f'{right}.unsqueeze(-1)'}"
    if not rows or not columns:
        product = f"({product}).squeeze({-1 if rows else -2})"
    return code.moved(product, (*common, *rows, *columns), op.output.dims)


def _einsum(op: Dot, code: Code) -> str:
    letters: dict[Dim, str] = {}
    for tensor in op.inputs:
        for dim in tensor.dims:
            letters.setdefault(dim, "abcdefghijklmnopqrstuvwxyz"[len(letters)])
    parts = ["".join(letters[dim] for dim in dims) for dims in (*(x.dims for x in op.inputs), op.output.dims)]
    a, b = op.inputs
    factors = (_factor(x, other, x.dims, code, op.reduce) for x, other in ((a, b), (b, a)))
    return f'torch.einsum("{parts[0]},{parts[1]}->{parts[2]}", {", ".join(factors)})'


def _factor(x: Tensor, other: Tensor, dims: Sequence[Dim], code: Code, reduce: Dim) -> str:
    """One of two that are multiplied and summed: 0 in the padding, but for probabilities, which are 0 there already."""
    if _is_probability(x, reduce) and not _is_probability(other, reduce):
        return primary(code.aligned(x, dims))
    factor = code.without_padding(x, [reduce], "0.0", dims)
    return code.assign("factor", factor) if factor.startswith("torch.where(") else primary(factor)


def _is_probability(tensor: Tensor, axis: Dim) -> bool:
    op = tensor.op
    while isinstance(op, Dropout):
        op = op.inputs[0].op
    return isinstance(op, Softmax) and not op.log and op.axis is axis
