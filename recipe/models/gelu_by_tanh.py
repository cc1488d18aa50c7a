"""The GELU of RETURNN's layers, which is an approximation of :func:`recipe.nn.gelu`."""

from __future__ import annotations

import math

from recipe import nn


def gelu_by_tanh(x: nn.Tensor) -> nn.Tensor:
    """``0.5 x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))`` (Hendrycks and Gimpel 2016), RETURNN's ``gelu``."""
    return 0.5 * x * (1.0 + nn.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))
