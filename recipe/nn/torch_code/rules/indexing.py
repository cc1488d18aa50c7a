"""Entries at positions, the positions of entries, and what search makes of them."""

from __future__ import annotations

from ...ops.extreme_position import ExtremePosition
from ...ops.hypotheses import FollowBack, Select
from ...ops.indexing import Gather
from ...ops.largest import Largest
from ...ops.loss import ArgMax
from ...ops.top_k import TopK
from ...plain.dim import batch_dim
from ..code import Code
from ..layout import primary
from ..rule import rule


def worst(dtype: str, *, largest: bool, code: Code) -> str:
    """What no number of a type is above, or below."""
    if dtype.startswith("float"):
        return f'{"" if largest else "-"}float("inf")'
    return f"torch.iinfo({code.dtype(dtype)}).{'max' if largest else 'min'}"


@rule(Gather)
def gather(op: Gather, code: Code) -> str:
    """An index where the tensor is a table; else a function of ours."""
    x, position = op.inputs
    dims = op.output.dims
    rest = [dim for dim in dims if dim is not op.axis]
    values = code.aligned(x, (*rest, op.axis), full=True)
    if op.axis in dims:
        place = dims.index(op.axis)
        values = f"{primary(values)}.unsqueeze({place})"
    positions = code.aligned(position, dims)
    lengths = code.lengths_along(op.axis, dims) if op.axis.is_dynamic and batch_dim in dims else "None"
    return f"{code.function('take')}({values}, {positions}, {lengths}, {code.shape(dims)})"


@rule(ArgMax)
def arg_max(op: ArgMax, code: Code) -> str:
    """``x.argmax``."""
    x = op.inputs[0]
    return f"{primary(code.of(x))}.argmax({x.dims.index(x.feature_dim)}).int()"


@rule(ExtremePosition)
def extreme_position(op: ExtremePosition, code: Code) -> str:
    """``x.argmax`` of the frames that are no padding; 0 if there is none."""
    x = op.inputs[0]
    lowest = worst(x.dtype, largest=op.mode == "argmin", code=code)
    frames = code.without_padding(x, [op.axis], lowest)
    return f"{code.function('position_of_extreme')}({frames}, {x.dims.index(op.axis)}, {op.mode == 'argmax'})"


@rule(Largest)
def largest(op: Largest, code: Code) -> str:
    """A function of ours."""
    x, dims = op.inputs[0], op.outputs[0].dims
    axis, lowest = x.dims.index(op.axis), worst(x.dtype, largest=False, code=code)
    frames = code.without_padding(x, [op.axis], lowest)
    lengths = code.lengths_along(op.axis, dims)
    return f"{code.function('greatest_entries')}({frames}, {op.out_dim.size}, {axis}, {lengths}, {lowest})"


@rule(TopK)
def top_k(op: TopK, code: Code) -> str:
    """A function of ours."""
    dims = op.outputs[0].dims
    place = dims.index(op.out)
    order = [one for dim in dims for one in ((op.beam, op.labels) if dim is op.out else (dim,))]
    scores = code.expanded(op.inputs[0], order)
    return f"{code.function('best_continuations')}({scores}, {op.out.size}, {place})"


@rule(Select)
def select(op: Select, code: Code) -> str:
    """Rows, where each hypothesis of each sequence has one; else ``torch.take_along_dim``."""
    x, origin = op.inputs
    dims = op.output.dims
    axis = dims.index(op.beam)
    before = [op.before if dim is op.beam else dim for dim in dims]
    if set(x.dims) == set(before) and set(origin.dims) == set(dims[: axis + 1]):
        rows = code.hypothesis_rows(op, code.aligned(origin, dims[: axis + 1]))
        return f"{code.function('of_hypotheses')}({code.aligned(x, before)}, {rows})"
    values, index = code.aligned(x, before, full=True), code.aligned(origin, dims, full=True)
    return f"{code.function('along_hypotheses')}({values}, {index}, {axis})"


@rule(FollowBack)
def follow_back(op: FollowBack, code: Code) -> str:
    """A function of ours."""
    origin = op.inputs[0]
    dims = op.output.dims
    rest = [dim for dim in dims if dim not in (op.axis, op.beam)]
    order = (op.axis, *rest, op.beam)
    is_step = code.mask(op.axis, order) or "None"
    steps = f"{code.function('followed_back')}({code.aligned(origin, order)}, {is_step})"
    return code.moved(steps, order, dims)
