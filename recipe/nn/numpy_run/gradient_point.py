"""Ops that scale gradients, in differences of runs: what goes through them changes by as much as the gradient says."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import resolved
from ..record.graph import Op


class GradientPoint:
    """
    What the ops that scale gradients give in a run, in the order in which they are computed. In further runs, with
    other parameters, they give ``x0 + factor * (x - x0)``, so that differences of losses are as the gradient says.
    """

    def __init__(self) -> None:
        self._values: list[numpy.ndarray] = []
        self._next: int | None = None
        """Which value comes next in a further run; None in the first one."""

    def begin(self) -> None:
        """Begins a further run."""
        self._next = 0

    def through(self, op: Op, x: Any) -> Any:
        """
        What an op gives.

        :param x: what it gives by itself
        """
        if op.gradient_factor is None:
            return x
        if self._next is None:
            self._values.append(x)
            return x
        at = self._values[self._next] if self._next < len(self._values) else None
        self._next += 1
        if at is None or at.shape != x.shape or x.dtype.kind != "f":
            return x  # a loop made other steps, so that this is no small change any more
        return at + resolved(op.gradient_factor) * (x - at)
