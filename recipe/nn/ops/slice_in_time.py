"""Parts: of an axis of fixed size, and of each sequence, from one position to another one."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, as_dim
from ..plain.errors import NetworkError
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .array import Slice
from .as_tensor import as_tensor

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
    start: int = 0,
    size: DimLike | None = None,
    *,
    end: int | None = None,
    axis: DimLike | str | None = None,
) -> Tensor:
    """
    ``x[start:end]`` along an axis: ``size`` entries, or those before ``end``, or all from ``start`` on.

    Of sequences, each has as many of these frames as are there, at most all before its own end; maybe none.

    :param start: the first entry, from 0
    :param size: how many; for an axis of fixed size also the new Dim
    :param end: in place of the size, the entry after the last one; a negative one counts from (each sequence's) end
    :param axis: default: the feature dim
    :raises NetworkError: if there are no such entries, or both a size and an end are given
    """
    x = as_tensor(x)
    dim = x.resolve_axis(axis) if axis is not None else x.feature_dim
    if size is not None and end is not None:
        raise NetworkError(f"slice of {x}: it is either so many entries, {size}, or those before one, end={end}")
    for word, number in (("start", start), ("end", end)):
        if number is not None and (isinstance(number, bool) or not isinstance(number, int)):
            raise NetworkError(
                f"slice of {x}: {word} is an int, not {number!r}. nn.gather(x, positions) takes a tensor"
            )
    if start < 0:
        axis = '"T"' if dim.is_dynamic else '"F"'
        raise NetworkError(
            f"slice of {x} from {start} on: it starts at 0 or later. Counted from the end: "
            f"nn.reverse(nn.slice(nn.reverse(x, axis={axis}), 0, {-start}, axis={axis}), axis={axis})"
        )
    if dim.is_batch:
        raise NetworkError(f"slice of {x} over the batch: all sequences are computed side by side")
    if dim.is_dynamic:
        return SliceInTime(x, dim, start, _end(x, dim, start, size) if size is not None else end).output
    if size is None:
        size = _size(x, dim, start, end)
    return Slice(x, dim, start, as_dim(size)).output


def _end(x: Tensor, dim: Dim, start: int, size: DimLike) -> int:
    """Where so many frames end."""
    if isinstance(size, Dim) or isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise NetworkError(
            f"slice of {x} over {dim}: each sequence has its length, so the size is an int from 1 on, not {size!r}. "
            f"For so many frames of each, nn.gather(x, {start} + nn.range_over(dim, like=nn.zeros([dim])), axis=axis) "
            "repeats the last one where there are fewer"
        )
    return start + size


def _size(x: Tensor, dim: Dim, start: int, end: int | None) -> DimLike:
    """How many entries of an axis of fixed size there are before the end."""
    last = end or 0
    size = last - start if last > 0 else dim - (start - last)
    if (size if isinstance(size, int) else size.known_size or 1) < 1:
        raise NetworkError(f"slice of {x}: {dim} has no entry from {start} on that is before {end}")
    return size
