"""
Random programs that once failed, each reduced to what it takes: the same in NumPy, in RETURNN and by definition.

``python -m tests.recipe.nn.random_programs --all-forms --count N --seed S`` finds more of them.
"""

from __future__ import annotations

import pytest

from ...without_returnn import is_left_out
from .agreement import check_agreement
from .random_programs.checks import check_program
from .random_programs.in_numpy import RunInNumpy
from .random_programs_found import losses, searches, sequences, states
from .random_programs_found.found import Found

pytestmark = pytest.mark.xdist_group("returnn-1")

FOUND = [*sequences.FOUND, *states.FOUND, *searches.FOUND, *losses.FOUND]


@pytest.mark.parametrize("found", FOUND, ids=[found.what for found in FOUND])
def test_is_right_now(found: Found) -> None:
    check_program(found.program, everything=False)


NEED_A_QUIRK = [found for found in FOUND if found.quirk]


@pytest.mark.skipif(is_left_out(), reason="RETURNN is left out")
@pytest.mark.parametrize("found", NEED_A_QUIRK, ids=[found.what for found in NEED_A_QUIRK])
def test_without_the_work_around_returnn_fails(found: Found) -> None:
    numpy = RunInNumpy(found.program)
    trains = not found.program.beam_size
    with pytest.raises(Exception, match=found.failure):
        check_agreement(
            numpy.network, numpy.feeds, parameters=numpy.parameters, train=trains, without_quirks=[found.quirk]
        )
