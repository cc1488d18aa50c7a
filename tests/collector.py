"""
Python's garbage collector in tests.

TensorFlow, PyTorch and RETURNN are a million objects that stay. Each full collection looks at all of them, and building
graphs asks for many; without these two measures a fifth of the time of such tests goes there.
"""

from __future__ import annotations

import gc
import sys

LARGE = ("numpy", "tensorflow", "torch", "returnn.tf.engine", "returnn.tf.network")
"""Packages and modules after whose import what is there is set aside."""

ALLOCATIONS = 50_000
"""After so many more new objects than freed ones, the new ones are looked at."""

_known: set[str] = set()


def set_aside() -> None:
    """Once more was imported, has the collector look no longer at what is there now, and seldom at the rest."""
    new = {name for name in LARGE if name in sys.modules} - _known
    if new:
        _known.update(new)
        gc.collect()
        gc.freeze()
        gc.set_threshold(ALLOCATIONS, 10, 10)
