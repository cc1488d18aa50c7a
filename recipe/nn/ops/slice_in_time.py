"""Parts: of an axis of fixed size, and of each sequence, from one position to another one."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..plain.number import plain_number
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .array import Slice
from .as_tensor import TensorLike, as_tensor
from .slice_bounds import Bound, bound, entries_from, frames_between

_PARTS: dict[tuple[Dim, int, int | None], Dim] = {}


def part_of_axis(dim: Dim, start: int, end: int | None) -> Dim:
    """
    The axis over a part of the frames of another one.

    The same part of the same axis is the same dim, so that parts of two sequences fit together.
    """
    name = f"{dim.name}_from_{start}" + (f"_to_{end}" if end is not None else "")
    return _PARTS.setdefault((dim, start, end), Dim(None, name))


class SliceInTime(Op):
    """
    The frames of each sequence from one position to another one: ``x[start:end]``.

    :param start: the first one, from 0
    :param end: the first one that is not of it; negative from each sequence's own end; None for that end
    """

    name = "slice"
    takes_more_axes = False

    def __init__(self, x: Tensor, axis: Dim, start: int, end: int | None):
        self.axis, self.start, self.end = axis, start, end
        self.out_dim = part_of_axis(axis, start, end)
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input, with the axis over the part in place of the axis."""
        x = self.inputs[0]
        self.set_output([self.out_dim if dim is self.axis else dim for dim in x.dims], sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray) -> numpy.ndarray:
        """``max(min(length, end) - start, 0)`` frames of each sequence."""
        lengths = run.lengths(self.axis)
        ends = lengths
        if self.end is not None:
            ends = numpy.minimum(lengths, self.end) if self.end >= 0 else lengths + self.end
        run.set_lengths(self.out_dim, numpy.maximum(ends - self.start, 0))
        positions = range(self.start, self.start + run.size(self.out_dim))
        return numpy.take(x, positions, axis=self.inputs[0].dims.index(self.axis))

    def form(self) -> Form:
        """``slice``, as of an axis of fixed size, with its end."""
        options = {"from": self.inputs[0], "axis": self.axis, "slice_start": self.start, "out_dim": self.out_dim}
        return Form("slice", {**options, "slice_end": self.end})


def slice(
    x: Tensor,
    start: TensorLike | Dim = 0,
    size: TensorLike | Dim | None = None,
    *,
    end: TensorLike | Dim | None = None,
    axis: DimLike | str | None = None,
) -> Tensor:
    """
    ``x[start:end]`` along an axis: ``size`` entries, or those before ``end``, or all from ``start`` on.

    Of sequences, each has as many of these frames as are there, at most all before its own end; maybe none. Each of the
    numbers is an int, a Dim of fixed size, which stands for its size, a number that a job gives later, or an int32
    tensor: a scalar, or [batch] for one of each sequence. Of an axis of fixed size the part has a fixed size, so that
    only the start may be a tensor; then entries beyond the end are the last one.

    :param start: the first entry, from 0; of a tensor, what is below 0 is 0
    :param size: how many; for an axis of fixed size also the new Dim
    :param end: in place of the size, the entry after the last one; a negative int counts from (each sequence's) end
    :param axis: default: the feature dim
    :raises NetworkError: if there are no such entries, or both a size and an end are given
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    if size is not None and end is not None:
        raise NetworkError(f"slice of {x}: it is either so many entries, {size}, or those before one, end={end}")
    first = bound(x, "start", start)
    if isinstance(first, int) and first < 0:
        axis = '"T"' if dim.is_dynamic else '"F"'
        raise NetworkError(
            f"slice of {x} from {first} on: it starts at 0 or later. Counted from the end: "
            f"nn.reverse(nn.slice(nn.reverse(x, axis={axis}), 0, {-first}, axis={axis}), axis={axis})"
        )
    if dim.is_batch:
        raise NetworkError(f"slice of {x} over the batch: all sequences are computed side by side")
    if dim.is_dynamic:
        return _frames(x, dim, first, _end(x, dim, first, size, end))
    out_dim = as_dim(_new_dim(x, dim, start, first, end) if size is None else _no_tensor(x, dim, "size", size))
    return Slice(x, dim, first, out_dim).output if isinstance(first, int) else entries_from(x, dim, first, out_dim)


def _frames(x: Tensor, dim: Dim, start: Bound, end: Bound | None) -> Tensor:
    """Those of an axis with lengths."""
    if isinstance(start, Tensor) or isinstance(end, Tensor):
        return frames_between(x, dim, start, end)
    return SliceInTime(x, dim, start, end).output


def _end(x: Tensor, dim: Dim, start: Bound, size: Any, end: Any) -> Bound | None:
    """Where frames end."""
    if size is None:
        return None if end is None else bound(x, "end", end)
    number = None if isinstance(size, Dim) else bound(x, "size", size)
    if number is None or (isinstance(number, int) and number < 1):
        raise NetworkError(
            f"slice of {x} over {dim}: each sequence has its length, so the size is an int from 1 on, not {size!r}. "
            f"For so many frames of each, nn.gather(x, {start} + nn.range_over(dim, like=nn.zeros([dim])), axis=axis) "
            "repeats the last one where there are fewer"
        )
    return start + number


def _no_tensor(x: Tensor, dim: Dim, word: str, value: Any) -> Any:
    """
    The number itself, of an axis of fixed size.

    :raises NetworkError: if it is known in a run only
    """
    if isinstance(value, (Dim, int)):
        return value
    if isinstance(bound(x, word, value), int):
        return plain_number(value)
    raise NetworkError(
        f"slice of {x}: {dim} has a fixed size, and so has a part of it, so that its {word} is an int or a Dim, not "
        f"{value!r}. A number that a job gives is nn.Dim(value, 'name'); what ends elsewhere in each sequence is "
        "nn.where(nn.range_over(dim) < nn.expand(end, [dim]), x, 0.0)"
    )


def _new_dim(x: Tensor, dim: Dim, start: Any, first: Bound, end: Any) -> DimLike:
    """The part of an axis of fixed size that goes to an end."""
    if isinstance(first, Tensor) and not isinstance(start, Dim):
        raise NetworkError(
            f"slice of {x}: {dim} has a fixed size, and so has a part of it. From {start!r} on, say of how many "
            "entries: nn.slice(x, start, size)"
        )
    begin: DimLike = start if isinstance(start, Dim) else int(first)
    last = 0 if end is None else _no_tensor(x, dim, "end", end)
    size: DimLike = last
    if isinstance(last, int) and last <= 0:
        size = dim - -last if last else dim
    if isinstance(begin, Dim) or begin:
        size = size - begin
    if (size if isinstance(size, int) else size.known_size or 1) < 1:
        raise NetworkError(f"slice of {x}: {dim} has no entry from {start} on that is before {end}")
    return size
