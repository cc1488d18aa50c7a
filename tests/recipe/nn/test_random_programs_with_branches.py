"""Random programs with cells, conditions, masks and nested loops, and those that once failed."""

from __future__ import annotations

import warnings

import numpy
import pytest
from hypothesis import HealthCheck, given, settings

from .random_programs import Program, check_program, programs

pytestmark = pytest.mark.xdist_group("returnn-2")

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
}


@pytest.mark.parametrize("name", ONCE_FAILED)
def test_once_failed(name: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_program(Program(((4, 2), (2, 3)), 2, ONCE_FAILED[name]), gradients=True, train=True)


@settings(max_examples=30, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(program=programs())
def test_random(program: Program) -> None:
    with warnings.catch_warnings(), numpy.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        check_program(program, gradients=True, train=True)
