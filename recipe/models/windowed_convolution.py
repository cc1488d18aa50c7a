"""Convolutions as RETURNN's ``conv`` has them beside ``nn.Conv1d`` and ``nn.Conv2d``: without padding, dilated, ..."""

from __future__ import annotations

from collections.abc import Sequence

from recipe import nn


class WindowedConvolution(nn.Module):
    """
    A convolution over one or two axes: each window of the input, times one matrix. It takes more memory than
    ``nn.Conv1d`` and ``nn.Conv2d``, which have neither dilation nor windows that are always full. The parameters are
    ``W`` [size, ..., in_dim, out_dim] and ``b`` [out_dim].

    :param in_dim: features of the input
    :param out_dim: of the result
    :param sizes: how many entries a window has, of each axis
    :param strides: how many entries further the next window starts, of each axis
    :param dilation: how far the entries of a window are from each other, on each axis
    :param padding: "valid": only windows that are full of entries; "same": one for each entry, with zeros around
    :param with_bias: whether there is ``b``
    """

    def __init__(
        self,
        in_dim: nn.Dim | int,
        out_dim: nn.Dim | int,
        sizes: Sequence[int],
        *,
        strides: Sequence[int] | None = None,
        dilation: Sequence[int] | None = None,
        padding: str = "valid",
        with_bias: bool = True,
    ):
        super().__init__()
        self.filters = [nn.Dim(size, f"filter_{number}") for number, size in enumerate(sizes, 1)]
        self.in_dim = nn.Dim(in_dim if isinstance(in_dim, int) else in_dim.size, "in")
        self.strides, self.dilation = strides or [1] * len(sizes), dilation or [1] * len(sizes)
        self.padding = padding
        self.W = nn.Parameter([*self.filters, self.in_dim, out_dim])
        self.b = nn.Parameter([out_dim], initial=0.0) if with_bias else None

    def forward(self, x: nn.Tensor, *, axes: Sequence[nn.Dim | int | str] | None = None) -> nn.Tensor:
        """
        :param x: [batch, axis, ..., in_dim]
        :param axes: those that it goes over; default: all beside batch and features, in their order
        :return: [batch, axis of windows, ..., out_dim]
        """
        others = [dim for dim in x.dims if not dim.is_batch and dim is not x.feature_dim]
        over_axes = others if axes is None else [x.resolve_axis(axis) for axis in axes]
        windows = nn.replace_dim(x, axis=x.feature_dim, out_dim=self.in_dim)
        for axis, entries, stride, rate in zip(over_axes, self.filters, self.strides, self.dilation):
            over = windows_of_frames if axis.is_dynamic else windows_of_entries
            windows = over(windows, axis, entries, stride=stride, rate=rate, padding=self.padding)
        parts = [*self.filters, self.in_dim]
        joined = nn.Dim(self.in_dim.size, "window")
        for entries in self.filters:
            joined = nn.Dim(joined.size * entries.size, "window")
        weights = nn.merge_dims(nn.expand(self.W, []), parts, out_dim=joined)
        y = nn.dot(nn.merge_dims(windows, parts, out_dim=joined), weights, reduce=joined)
        return y if self.b is None else y + self.b


def windows_of_frames(
    x: nn.Tensor, axis: nn.Dim, entries: nn.Dim, *, stride: int, rate: int, padding: str
) -> nn.Tensor:
    """
    Windows over an axis with lengths.

    :param x: [..., axis, ...]
    :param axis: of frames
    :param entries: the axis over the entries of a window
    :param stride: how many frames after one window the next one begins
    :param rate: how many frames further the next entry of a window is
    :param padding: "valid" or "same"
    :return: [..., axis of windows, entries, ...]
    """
    if entries.size == 1 and stride == 1:
        return nn.expand(x, [entries])
    if rate == 1:
        return nn.unfold(x, entries, stride=stride, padding=padding, axis=axis)
    span = nn.Dim((entries.size - 1) * rate + 1, "span")
    windows = nn.unfold(x, span, stride=stride, padding=padding, axis=axis)
    return nn.gather(windows, nn.range_over(entries) * rate, axis=span)


def windows_of_entries(
    x: nn.Tensor, axis: nn.Dim, entries: nn.Dim, *, stride: int, rate: int, padding: str
) -> nn.Tensor:
    """The same over an axis of fixed size."""
    span = (entries.size - 1) * rate + 1
    before, count = (0, (axis.size - span) // stride + 1) if padding == "valid" else ((span - 1) // 2, axis.size)
    starts = nn.range_over(count) * stride - before
    position = nn.combine("add", starts, nn.range_over(entries) * rate, allow_broadcast_all_sources=True)
    inside = nn.cast(nn.logical_and(position >= 0, position < axis.size), "float32")
    return nn.gather(x, nn.clip(position, 0, axis.size - 1), axis=axis) * inside
