"""Random programs with cells, conditions, masks, nested loops, ends and choices, and those that once failed."""

from __future__ import annotations

import warnings

import numpy
import pytest
from hypothesis import HealthCheck, given, settings

from .random_programs import End, Program, check_program, programs
from .random_programs.texts import digests, digests_elsewhere

pytestmark = pytest.mark.xdist_group("returnn-2")

LENGTHS = ((4, 2), (2, 3))
ONCE_FAILED = {
    "inner_loop_of_constants_with_an_end": (("loop", 2, True, (("reset", 2),)), ("cell", 1, 3)),
    "inner_loop_whose_values_nothing_in_the_loop_reads": (("loop", 2, True, (("reset", 2),)), ("reset", 1)),
    "inner_loop_without_any_lengths": (("loop", 0, False, (("function", "mul", 0, 3),)),),
    "masked_choice_of_two_constants": (("reset", 0), ("mask", 4, (("reset", 0),))),
    "mask_on_a_state_that_nothing_reads": (
        ("reset", 0),
        ("mask", 5, (("reset", 2),)),
        ("mask", 4, (("mask", 2, (("reset", 2), ("assign", 0, 7), ("reset", 0))),)),
    ),
    "cell_that_reads_a_constant": (("cell", 0, 1),),
    "cell_in_an_inner_loop": (("loop", 0, True, (("cell", 0, 7),)),),
    "cell_in_both_loops": (("cell", 0, 7), ("loop", 0, True, (("function", "add", 6, 5), ("cell", 0, 7)))),
    "cell_in_both_loops_and_read": (
        ("cell", 0, 1),
        ("loop", None, False, (("cell", 0, 1),)),
        ("function", "sub", 4, 1),
    ),
    "embedding_of_the_label_of_an_argmax": (("label", 1), ("embed",)),
    "loss_of_constant_scores": (("choice", 6),),
    "window_over_a_constant": (("window", 1),),
    "inner_loop_that_hands_on_a_state_of_the_step_before": (
        ("cond", 5, (("loop", 2, True, (("nested", 3), ("outer",)), True, "top"),), (("nested", 5),)),
    ),
    "count_that_a_branch_reads_and_goes_on_with": (("count", 2), ("cond", 4, (), (("count_value", 3), ("count", 5)))),
    "losses_in_loops_on_three_levels": (
        ("loss", 3),
        (
            "loop",
            2,
            False,
            (("loss", 5), ("loop", 1, False, (("loss", 2), ("nested", 0)), False, "bottom")),
            True,
            "top",
        ),
        ("embed",),
    ),
    "flag_that_a_mask_in_a_mask_goes_on_with": (
        ("cond", 7, (), (("flag_value", 4, 0),)),
        ("flag", 2),
        ("mask", 0, (("mask", 6, (("flag", 6), ("square", 0))),)),
    ),
    "value_before_that_is_not_of_frames": (
        ("mask", 0, (("flag_value", 6, 2), ("square", 6), ("count", 6))),
        ("nested", 2),
        ("flag", 3),
        ("nested", 0),
    ),
}
ONCE_FAILED_LOOP = ("loop", 0, False, (("count", 0),), True, "top")
ONCE_FAILED_IN_FULL = {
    "mask_in_a_loop_in_a_branch": Program(LENGTHS, 2, (("mask", 4, (("linear", 0, 4),)),), around="cond"),
    "end_before_the_first_step_with_losses": Program(
        LENGTHS, 2, (("late", 3),), "nothing", End("value", 0, False, "top"), "number"
    ),
    "constant_end_on_top_over_positions": Program(
        LENGTHS,
        2,
        (("count", 5), ("window", 2)),
        "positions",
        End("value", 2, True, "top"),
        "number",
        initial=("input", "number", "number"),
    ),
    "all_steps_of_a_state_as_output_and_in_a_loss": Program(
        ((3,), (1,)),
        4,
        (("function", "sub", 1, 3), ("read", "before", ("over",), 1), ("loss", 2), ("assign", 0, 2)),
        "positions",
        End("steps", 1, False, "top"),
        "tensor",
        initial=("encoded", "encoded", "encoded"),
        outputs="each",
    ),
    "initial_value_that_nothing_reads": Program(
        ((3, 0), (3, 0)), 3, (("flag", 7), ("reset", 0)), "positions", initial=("encoded", "input", "input")
    ),
    "history_in_a_loop_with_end_and_limit": Program(
        LENGTHS, 2, (("history", 1), ("window", 3)), "positions", End("value", 3, False, "top"), "number"
    ),
    "search_over_frames_of_other_lengths": Program(LENGTHS, 2, (("choice", 3),), beam_size=2),
    "search_over_no_frames": Program(((4, 0), (0, 3)), 2, (("choice", 3),), beam_size=1, length_normalization=1.0),
    "search_whose_end_is_no_matter_of_the_labels": Program(
        LENGTHS, 1, (("choice", 0),), "nothing", End("steps", 2), "tensor", beam_size=3
    ),
    "search_that_frames_and_a_label_end": Program(
        LENGTHS, 2, (("choice", 0), ("cell", 0, 0)), end=End("label", include_eos=True), beam_size=2
    ),
    "search_with_a_state_that_no_choice_changes": Program(
        LENGTHS, 2, (("choice", 2), ("count", 1), ("reset", 2)), "nothing", End("label", 1, False), beam_size=3
    ),
    "search_in_which_only_the_state_of_a_cell_is_of_hypotheses": Program(
        LENGTHS,
        2,
        (("choice", 0), ("flag_value", 3, 1), ("cond", 2, (("reset", 1),), ()), ("cond", 5, (), (("cell", 0, 0),))),
        initial=("number", "number", "input"),
        beam_size=2,
    ),
    "counter_through_loops_of_both_branches": Program(
        LENGTHS, 3, (("count", 0), ("cond", 3, (ONCE_FAILED_LOOP,), (ONCE_FAILED_LOOP,)), ("count", 3))
    ),
    "window_over_a_state_of_an_inner_loop": Program(
        ((1, 2), (1, 1)),
        3,
        (
            ("function", "mul", 0, 1),
            ("window", 3),
            ("mask", 1, (("flag", 6),)),
            ("loop", None, True, (("count_value", 3), ("outer",), ("assign", 1, 3)), True, "bottom"),
            ("choice", 2),
            ("outer",),
        ),
        "positions",
        End("label", 3, include_eos=True),
        initial=("input", "input", "input"),
        beam_size=3,
        length_normalization=1.0,
    ),
    "search_with_results_of_the_step_before": Program(
        ((4, 0), (4, 4)),
        3,
        (("choice", 2), ("attend", 1), ("nested", 1)),
        "second",
        End("length", 2),
        initial=("encoded", "encoded", "number"),
        beam_size=1,
    ),
    "two_choices_in_a_step": Program(
        LENGTHS, 2, (("choice", 2), ("choice", 3)), "other_time", End("length", 1, False), "number", beam_size=2
    ),
}
PROGRAMS = {
    **{name: Program(LENGTHS, 2, body) for name, body in ONCE_FAILED.items()},
    **ONCE_FAILED_IN_FULL,
}
FEW = settings(deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def quiet() -> object:
    """Random programs do what one would be warned of."""
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield


@pytest.mark.parametrize("name", PROGRAMS)
def test_once_failed(name: str) -> None:
    assert check_program(PROGRAMS[name], everything=False), "TensorFlow cannot run it"


@settings(FEW, max_examples=20)
@given(program=programs())
def test_random(program: Program) -> None:
    check_program(program, everything=False)


@settings(FEW, max_examples=10)
@given(program=programs())
def test_random_with_all_layers_kept_in_loops(program: Program) -> None:
    check_program(program)


def test_same_text_whatever_the_hashes_are() -> None:
    tried = list(PROGRAMS.values())
    assert digests_elsewhere(tried, 1) == digests_elsewhere(tried, 2) == digests(tried)
