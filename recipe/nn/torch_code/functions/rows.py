"""Tensors with all first axes in one."""

from __future__ import annotations

import math

from torch import Tensor


def rows(x: Tensor, kept: int) -> Tensor:
    """The tensor with its last axes as they are, and all before them in one; also without any entry."""
    first = x.dim() - kept
    return x.reshape(math.prod(x.shape[:first]), *x.shape[first:])
