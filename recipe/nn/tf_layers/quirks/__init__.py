"""
The quirks of RETURNN on TensorFlow that the written configs work around, in the order in which they act.

Each file says what RETURNN does, where, in which version, and what is written instead; each has a test in
tests/recipe/nn/tf_layers/test_quirks.py that fails without it.
"""

from __future__ import annotations

from . import (
    features_of_argmax,
    one_dropout_of_a_layer,
    positions_per_sequence,
    previous_in_inner_loops,
    type_of_states,
)
from .quirk import Quirk

QUIRKS: tuple[Quirk, ...] = (
    previous_in_inner_loops.QUIRK,
    type_of_states.QUIRK,
    features_of_argmax.QUIRK,
    positions_per_sequence.QUIRK,
    one_dropout_of_a_layer.QUIRK,
)


def quirks(without: frozenset[str] = frozenset()) -> tuple[Quirk, ...]:
    """
    The quirks in order.

    :param without: names of some that are left out
    """
    unknown = without - {quirk.name for quirk in QUIRKS}
    if unknown:
        raise ValueError(f"there are no quirks {sorted(unknown)}")
    return tuple(quirk for quirk in QUIRKS if quirk.name not in without)
