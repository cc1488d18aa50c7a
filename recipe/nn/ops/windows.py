"""Windows of a sequence: the frames around each one, chunks of frames, and chunks one behind the other again."""

from __future__ import annotations

import numpy

from ..plain.dim import Dim, DimLike, as_dim, batch_dim
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from .array import squeeze
from .as_tensor import TensorLike, as_tensor
from .elementwise import combine, compare, expand, logical_and, where
from .in_time import frame_of
from .indexing import entries, gather
from .lengths import range_over
from .new_axis import Origin, in_place_of, lengths_along, made_axis
from .strides import strided_dim

_FULL_WINDOWS: dict[tuple[Dim, int, int], Dim] = {}
"""By axes of fixed size, sizes and strides, the axes over windows that are full of entries."""


class JoinedChunks(Op):
    """
    The frames of chunks one behind the other.

    :param x: has the axis over chunks, and the one over the frames of a chunk
    :param like: has the axis over all frames
    """

    name = "fold"

    def __init__(self, x: Tensor, like: Tensor, axis: Dim, window: Dim, out_dim: Dim):
        self.axis, self.window, self.out_dim = axis, window, out_dim
        super().__init__(x, like)

    def infer(self) -> None:
        """Those of the input, with the new axis in place of that over chunks, without that over their frames."""
        x = self.inputs[0]
        dims = [self.out_dim if dim is self.axis else dim for dim in x.dims if dim is not self.window]
        self.set_output(dims, sparse_dim=x.sparse_dim)

    def numpy(self, run: Arrays, x: numpy.ndarray, like: numpy.ndarray) -> numpy.ndarray:
        """``numpy.reshape``."""
        rest = [dim for dim in self.output.dims if dim is not self.out_dim]
        x = run.aligned(x, self.inputs[0].dims, (self.axis, self.window, *rest))
        frames = x.reshape(x.shape[0] * x.shape[1], *x.shape[2:])[: run.size(self.out_dim)]
        return run.aligned(frames, (self.out_dim, *rest), self.output.dims)

    def form(self) -> Form:
        """``fold``, which is no layer of RETURNN: each engine has a rule for it."""
        x, like = self.inputs
        axes = {"axis": self.axis, "window": self.window, "out_dim": self.out_dim}
        return Form("fold", {"from": x, "like": like, **axes})


def unfold(
    x: Tensor,
    size: DimLike,
    *,
    stride: int = 1,
    padding: str = "same",
    value: TensorLike = 0,
    axis: DimLike | str | None = None,
) -> Tensor:
    """
    The frames around each frame, or each ``stride``-th one: ``[..., time, ...]`` becomes ``[..., time', window, ...]``.

    :param size: how many frames, as a number or a Dim: the axis over the frames of a window
    :param stride: how many frames after one window the next one begins
    :param padding: "same": ``ceil(n / stride)`` windows for ``n`` frames, of which window ``i`` has ``(size - 1) // 2``
        frames before frame ``i * stride``, as RETURNN's ``window``; "valid": only windows that are full of frames
    :param value: what stands in a window before the first frame and after each sequence's own last one
    :param axis: default: the only axis with lengths
    :raises NetworkError: if the stride is none, or there is no such padding
    """
    if padding not in ("same", "valid"):
        raise NetworkError(f'unfold of {as_tensor(x)} with the padding {padding!r}; there are "same" and "valid"')
    before = (as_dim(size).size - 1) // 2 if padding == "same" else 0
    return _windows("unfold", as_tensor(x), as_dim(size), stride, before, padding, value, axis)


def chunk(x: Tensor, size: DimLike, *, value: TensorLike = 0, axis: DimLike | str | None = None) -> Tensor:
    """
    Each ``size`` successive frames together: ``[..., time, ...]`` becomes ``[..., time', window, ...]``, with
    ``ceil(n / size)`` chunks of ``n`` frames.

    So a loop makes ``size`` frames a step. :func:`fold` is the inverse: ``nn.fold(chunks, size, like=x)``.

    :param size: how many frames, as a number or a Dim: the axis over the frames of a chunk
    :param value: what fills the last chunk of a sequence up
    :param axis: default: the only axis with lengths
    """
    return _windows("chunk", as_tensor(x), as_dim(size), as_dim(size).size, 0, "same", value, axis)


def fold(x: Tensor, window: DimLike, *, axis: DimLike | str | None = None, like: Tensor | None = None) -> Tensor:
    """
    The frames of chunks one after the other: ``[..., time', window, ...]`` becomes ``[..., time, ...]``.

    Windows that overlap are not added up.

    :param window: the axis over the frames of a chunk
    :param axis: that over chunks; default: the only axis with lengths
    :param like: what the chunks were made of: the result has the axis of it and its lengths, without what the last
        chunk of each sequence was filled up with. Default: a new axis over all frames of all chunks
    :raises NetworkError: if one of the axes does not fit
    """
    x = as_tensor(x)
    dim, frames = x.resolve_axis(axis), x.resolve_axis(window)
    if frames is dim or not frames.is_static:
        raise NetworkError(f"fold of {x}: {frames} is no axis over the frames of a chunk, which has a fixed size")
    if dim.is_static:
        raise NetworkError(
            f"fold of {x}: {dim} has a fixed size, too; nn.merge_dims(x, [a, b], out_dim=...) joins both"
        )
    x = x if batch_dim in x.dims else expand(x, [batch_dim])
    size = frames.size
    if size == 1:
        return squeeze(x, frames)
    name = f"{dim.name}*{size}"
    made = made_axis([Origin(x, dim)], lambda old: old * size, name, may_be_empty=False, key=("fold", size))
    joined = JoinedChunks(x, made, dim, frames, made.dims[0]).output
    if like is None:
        return joined
    like = as_tensor(like)
    time = like.spatial_dim
    if time in x.dims:
        raise NetworkError(
            f"fold of {x} like {like}: both have {time}, so these are no chunks that were made of the other"
        )
    return in_place_of(
        gather(joined, range_over(time, like=like), axis=made.dims[0]), joined.dims, made.dims[0], [time]
    )


def _windows(
    name: str,
    x: Tensor,
    window: Dim,
    stride: int,
    before: int,
    padding: str,
    value: TensorLike,
    axis: DimLike | str | None,
) -> Tensor:
    if not is_size(stride):
        raise NetworkError(f"{name} of {x} with the stride {stride!r}: it is a number of frames, an int from 1 on")
    dim = x.resolve_axis(axis)
    if window in x.dims:
        raise NetworkError(
            f"{name} of {x} by {window}: it has that axis already. Give the axis over a window a Dim of its own: "
            f"nn.{name}(x, nn.Dim({window.known_size}, 'window'))"
        )
    frame = frame_of(name, x, value, dim)
    if dim.is_dynamic and batch_dim not in x.dims:
        x = expand(x, [batch_dim])
    begins = _begins(name, x, dim, window, stride, padding)
    (new,) = begins.dims
    first = begins if stride == 1 else begins * stride
    first = first - before if before else first
    positions = combine("add", first, range_over(window), allow_broadcast_all_sources=True)
    windows = entries(x, positions, dim)
    if padding == "same":
        end = lengths_along(x, dim) if dim.is_dynamic else as_tensor(dim.size)
        is_frame = compare("greater", end, positions, allow_broadcast_all_sources=True)
        if before:
            is_frame = logical_and(is_frame, positions >= 0)
        windows = where(is_frame, windows, frame)
    return in_place_of(windows, x.dims, dim, [new, window])


def _begins(name: str, x: Tensor, axis: Dim, window: Dim, stride: int, padding: str) -> Tensor:
    """0, 1, 2, ... along the axis over windows."""
    lost = window.size - 1 if padding == "valid" else 0
    if padding == "same" and stride == 1:
        return range_over(axis, like=x)
    name_of_axis = f"{axis.name}_{window.size}_by_{stride}" if lost else f"{axis.name}_by_{stride}"
    if axis.is_static:
        count = (axis.size - lost + stride - 1) // stride
        if count < 1:
            raise NetworkError(f"{name} of {x}: {axis} has fewer entries than a window of {window.size}")
        full = _FULL_WINDOWS.setdefault((axis, window.size, stride), Dim(count, name_of_axis))
        return range_over(full if lost else strided_dim(axis, stride))
    return made_axis(
        [Origin(x, axis)],
        lambda old: (old + (stride - 1 - lost)) // stride,
        name_of_axis,
        may_be_empty=bool(lost),
        key=("windows", stride, lost),
    )
