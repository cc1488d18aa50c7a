"""Axes over each n-th frame, and over n frames in place of each one."""

from __future__ import annotations

from ..plain.dim import Dim

_STRIDED: dict[tuple[Dim, int], Dim] = {}
_UPSAMPLED: dict[tuple[Dim, int], Dim] = {}


def strided_dim(dim: Dim, stride: int) -> Dim:
    """
    The axis over each ``stride``-th frame of another one, with ``ceil(n / stride)`` of ``n`` frames.

    The same dim and stride give the same dim, so that what two layers make shorter fits together.
    """
    if stride == 1:
        return dim
    # RETURNN makes TensorFlow's names of scopes of it, in which slashes part scopes
    size = -(-dim.size // stride) if dim.is_static else None
    return _STRIDED.setdefault((dim, stride), Dim(size, f"{dim.name}_by_{stride}"))


def upsampled_dim(dim: Dim, factor: int) -> Dim:
    """
    The axis over ``factor`` frames in place of each one of another axis.

    The same dim and factor give the same dim, so that what two layers make longer fits together.
    """
    if factor == 1:
        return dim
    return _UPSAMPLED.setdefault((dim, factor), Dim(None, f"{dim.name}_times_{factor}"))
