"""
The code of each op: a rule by its class.

Importing this package fills the table in :mod:`recipe.nn.torch_code.rule`.
"""

from . import (
    activation,
    axes,
    elementwise,
    history,
    in_training,
    indexing,
    inputs,
    layers,
    lengths,
    loops,
    losses,
    reduce,
)

__all__ = [
    "activation",
    "axes",
    "elementwise",
    "history",
    "in_training",
    "indexing",
    "inputs",
    "layers",
    "lengths",
    "loops",
    "losses",
    "reduce",
]
