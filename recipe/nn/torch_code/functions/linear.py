"""Linear maps."""

from __future__ import annotations

import torch
from torch import Tensor


def affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """``x @ weight + bias``."""
    return torch.addmm(bias, x, weight) if x.dim() == 2 else x @ weight + bias
