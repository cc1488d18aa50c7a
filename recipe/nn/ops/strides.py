"""Axes over each n-th frame."""

from __future__ import annotations

from ..plain.dim import Dim

_STRIDED: dict[tuple[Dim, int], Dim] = {}


def strided_dim(dim: Dim, stride: int) -> Dim:
    """
    The axis over each ``stride``-th frame of another one, with ``ceil(n / stride)`` of ``n`` frames.

    The same dim and stride give the same dim, so that what two layers make shorter fits together.
    """
    if stride == 1:
        return dim
    # RETURNN makes TensorFlow's names of scopes of it, in which slashes part scopes
    return _STRIDED.setdefault((dim, stride), Dim(None, f"{dim.name}_by_{stride}"))
