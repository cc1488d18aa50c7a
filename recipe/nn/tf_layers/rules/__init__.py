"""
What RETURNN's layers are for which ops: a rule by class of op, where the layer is not simply what the op's form says.

Importing this package fills the table in :mod:`recipe.nn.tf_layers.rule`.
"""

from . import (
    activation,
    array,
    constants,
    ctc,
    cumulative,
    dot,
    dropout,
    edit_distance,
    elementwise,
    history,
    hypotheses,
    inputs,
    linear,
    loops,
    loss,
    lstm,
    pooling,
    positional_encoding,
    random,
    reduce,
    transducer,
    whole_sequences,
)

__all__ = [
    "activation",
    "array",
    "constants",
    "ctc",
    "cumulative",
    "dot",
    "dropout",
    "edit_distance",
    "elementwise",
    "history",
    "hypotheses",
    "inputs",
    "linear",
    "loops",
    "loss",
    "lstm",
    "pooling",
    "positional_encoding",
    "random",
    "reduce",
    "transducer",
    "whole_sequences",
]
