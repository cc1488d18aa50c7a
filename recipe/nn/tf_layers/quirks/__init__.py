"""
The quirks of RETURNN on TensorFlow that the written configs work around, in the order in which they act.

Each file says what RETURNN does, where, in which version, and what is written instead; each has a test in
tests/recipe/nn/tf_layers/test_quirks.py that fails without it.
"""

from __future__ import annotations

from . import (
    axes_of_all_steps,
    axes_of_hypotheses,
    batch_major_frames,
    derived_axes,
    ends_per_sequence,
    entries_of_nothing,
    equal_axes,
    features_of_argmax,
    features_of_made_axes,
    frames_of_the_loop,
    gradients_of_no_parameter,
    history_of_outer_values,
    initial_state_of_lstm,
    labels_at_positions,
    lasts_per_sequence,
    lengths_of_constants,
    lengths_of_histories,
    lengths_that_are_stacked,
    loops_without_steps,
    lstms_without_frames,
    numbers_of_steps,
    one_dropout_of_a_layer,
    output_before_states,
    padding_in_products,
    pairs_of_dims,
    positions_per_sequence,
    random_bits_of_dropout,
    replaced_axes_in_steps,
    rows_of_variables,
    several_fixed_axes,
    shorter_axes_in_steps,
    softmax_of_many_axes,
    softmax_of_no_frames,
    states_before_choices,
    states_before_inner_loops,
    states_before_others,
    time_of_losses,
    type_of_states,
    values_of_inner_loops,
)
from .quirk import Quirk

QUIRKS: tuple[Quirk, ...] = (
    lengths_of_constants.QUIRK,
    ends_per_sequence.QUIRK,
    axes_of_hypotheses.QUIRK,
    several_fixed_axes.QUIRK,
    equal_axes.QUIRK,
    derived_axes.QUIRK,
    values_of_inner_loops.QUIRK,
    lasts_per_sequence.QUIRK,
    axes_of_all_steps.QUIRK,
    output_before_states.QUIRK,
    states_before_inner_loops.QUIRK,
    states_before_choices.QUIRK,
    states_before_others.QUIRK,
    type_of_states.QUIRK,
    features_of_argmax.QUIRK,
    features_of_made_axes.QUIRK,
    lengths_of_histories.QUIRK,
    history_of_outer_values.QUIRK,
    initial_state_of_lstm.QUIRK,
    positions_per_sequence.QUIRK,
    labels_at_positions.QUIRK,
    replaced_axes_in_steps.QUIRK,
    rows_of_variables.QUIRK,
    shorter_axes_in_steps.QUIRK,
    loops_without_steps.QUIRK,
    lstms_without_frames.QUIRK,
    frames_of_the_loop.QUIRK,
    pairs_of_dims.QUIRK,
    entries_of_nothing.QUIRK,
    softmax_of_many_axes.QUIRK,
    softmax_of_no_frames.QUIRK,
    random_bits_of_dropout.QUIRK,
    one_dropout_of_a_layer.QUIRK,
    padding_in_products.QUIRK,
    batch_major_frames.QUIRK,
    numbers_of_steps.QUIRK,
    time_of_losses.QUIRK,
    lengths_that_are_stacked.QUIRK,
    gradients_of_no_parameter.QUIRK,
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
