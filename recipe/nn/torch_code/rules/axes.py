"""Axes: joined, split, cut, turned, renamed."""

from __future__ import annotations

from collections.abc import Sequence

from ...ops.array import Concat, PostfixInTime, ReplaceDim, Reverse, Slice, Split, Squeeze
from ...ops.expand import Expand
from ...ops.last_frame import LastFrame
from ...ops.reshape import MergeDims, SplitDims
from ...ops.shift import Shift
from ...ops.slice_in_time import SliceInTime
from ...ops.transpose import Transpose
from ...ops.windows import JoinedChunks
from ..code import Code
from ..layout import primary
from ..rule import rule


def cut(x: str, axis: int, start: str, end: str) -> str:
    """Some entries along an axis."""
    return f"{primary(x)}[{', '.join([':'] * axis + [f'{start}:{end}'])}]"


@rule(Concat)
def concat(op: Concat, code: Code) -> str:
    """``torch.cat``."""
    dims = op.output.dims
    new = next(dim for dim in dims if all(dim not in x.dims for x in op.inputs) or len(op.inputs) == 1)
    parts = []
    assert op.axes is not None
    for x, axis in zip(op.inputs, op.axes):
        parts.append(code.expanded(x, [axis if dim is new else dim for dim in dims]))
    return f"torch.cat([{', '.join(parts)}], dim={dims.index(new)})"


@rule(Split)
def split(op: Split, code: Code) -> str:
    """``x.split``."""
    sizes = ", ".join(str(part.size) for part in op.parts)
    x = op.inputs[0]
    comma = "," if len(op.parts) == 1 else ""
    return f"{primary(code.of(x))}.split(({sizes}{comma}), dim={x.dims.index(op.axis)})"


@rule(Slice)
def take_slice(op: Slice, code: Code) -> str:
    """An index of Python."""
    x = op.inputs[0]
    return cut(code.of(x), x.dims.index(op.axis), str(op.start or ""), str(op.start + op.out_dim.size))


@rule(SliceInTime)
def slice_in_time(op: SliceInTime, code: Code) -> str:
    """An index of Python; each sequence has its own length."""
    x = op.inputs[0]
    ends = code.lengths(op.axis)
    if op.end is not None:
        ends = f"{ends}.clamp(max={op.end})" if op.end >= 0 else f"({ends} - {-op.end})"
    ends = f"({ends} - {op.start})" if op.start else ends
    code.set_lengths(op.out_dim, f"{ends}.clamp(min=0)")
    end = f"{op.start} + {code.size(op.out_dim)}" if op.start else code.size(op.out_dim)
    return cut(code.of(x), x.dims.index(op.axis), str(op.start or ""), end)


@rule(PostfixInTime)
def postfix_in_time(op: PostfixInTime, code: Code) -> str:
    """A function of ours."""
    x, dims = op.inputs[0], op.output.dims
    code.set_lengths(op.out_dim, f"{code.lengths(op.axis)} + 1", f"{code.size(op.axis)} + 1")
    lengths = code.lengths_along(op.axis, dims)
    function, axis = code.function("with_postfix"), dims.index(op.out_dim)
    return f"{function}({code.of(x)}, {lengths}, {code.number(op.value)}, {axis})"


@rule(Reverse)
def reverse(op: Reverse, code: Code) -> str:
    """``x.flip``; of each sequence, a function of ours."""
    x = op.inputs[0]
    axis = x.dims.index(op.axis)
    if op.axis.is_static:
        return f"{primary(code.of(x))}.flip({axis})"
    return f"{code.function('reversed_sequences')}({code.of(x)}, {code.lengths_along(op.axis, x.dims)}, {axis})"


@rule(ReplaceDim)
def replace_dim(op: ReplaceDim, code: Code) -> str:
    """The tensor as it is."""
    if op.out_dim.is_dynamic and not code.knows_lengths(op.out_dim):
        code.same_lengths(op.out_dim, op.axis)
    code.define(op.output, code.of(op.inputs[0]))
    return ""


@rule(Squeeze)
def squeeze(op: Squeeze, code: Code) -> str:
    """``x.squeeze``."""
    x = op.inputs[0]
    return f"{primary(code.of(x))}.squeeze({x.dims.index(op.axis)})"


@rule(Expand)
def expand(op: Expand, code: Code) -> str:
    """``x.expand``."""
    return code.expanded(op.inputs[0], op.output.dims)


@rule(Transpose)
def transpose(op: Transpose, code: Code) -> str:
    """The same axes in another order."""
    code.define(op.output, code.expanded(op.inputs[0], op.output.dims))
    return ""


@rule(SplitDims)
def split_dims(op: SplitDims, code: Code) -> str:
    """``x.unflatten``."""
    x = op.inputs[0]
    return f"{primary(code.of(x))}.unflatten({x.dims.index(op.axis)}, {code.shape(op.dims)})"


@rule(MergeDims)
def merge_dims(op: MergeDims, code: Code) -> str:
    """``x.flatten``."""
    x = op.inputs[0]
    rest = [dim for dim in x.dims if dim not in op.axes]
    return f"{primary(code.aligned(x, (*rest, *op.axes)))}.flatten({len(rest)})"


@rule(Shift)
def shift(op: Shift, code: Code) -> str:
    """A function of ours."""
    x, first = op.inputs
    dims = op.output.dims
    return f"{code.function('shifted')}({code.expanded(x, dims)}, {code.aligned(first, dims)}, {dims.index(op.axis)})"


@rule(LastFrame)
def last_frame(op: LastFrame, code: Code) -> str:
    """A function of ours."""
    x, other = op.inputs
    dims = op.output.dims
    frames = code.aligned(x, (op.axis, *dims), full=True)
    function, lengths = code.function("last_frames"), code.lengths_along(op.axis, dims)
    return f"{function}({frames}, {lengths}, {code.expanded(other, dims)})"


@rule(JoinedChunks)
def joined_chunks(op: JoinedChunks, code: Code) -> str:
    """``x.flatten``, without what is beyond the longest sequence."""
    dims: Sequence = op.output.dims
    axis = dims.index(op.out_dim)
    order = [one for dim in dims for one in ((op.axis, op.window) if dim is op.out_dim else (dim,))]
    x = f"{primary(code.aligned(op.inputs[0], order))}.flatten({axis}, {axis + 1})"
    return cut(x, axis, "", code.size(op.out_dim))
