"""Random programs compute the same before and after. The long run of as many as are wanted::

python -m tests.recipe.nn.passes.fission.test_random_programs COUNT SEED
"""

from __future__ import annotations

import sys
import warnings
from typing import Any

import hypothesis
import numpy
import pytest

from recipe import nn
from recipe.nn.passes.fission import fission

from ...agreement import random_parameters
from ...random_programs import Program, programs
from ...random_programs.all_forms import all_forms
from ...random_programs.model import RandomModel
from ..same_results import check_same_results

STRATEGIES = {"of RETURNN": programs(), "of all forms": all_forms()}


def check(program: Program) -> None:
    """
    Also on sequences without frames, as far as the program itself runs on them.

    :raises AssertionError: if it computes something else after the pass
    """
    network = nn.Network(RandomModel(program))
    parameters = random_parameters(network)
    after = fission(network)
    check_same_results(network, after, program.feeds(), parameters, rtol=2e-5)
    none = (0,) * len(program.lengths[0])
    for lengths in ((none, program.lengths[1]), (program.lengths[0], none)):
        feeds = program._replace(lengths=lengths).feeds()
        try:
            nn.run_numpy(network, feeds, parameters)
        except (ValueError, IndexError):  # such as a frame of a sequence that has none
            continue
        check_same_results(network, after, feeds, parameters, rtol=2e-5)


def run(strategy: Any, count: int, seed: int) -> int:
    """
    Checks so many, all different. Hypothesis starts from simple ones, so it starts anew again and again.

    :return: how many failed
    """
    tried: set[Program] = set()
    failed = 0
    while len(tried) < count:

        @hypothesis.seed(1_000_003 * seed + len(tried))
        @hypothesis.settings(
            max_examples=25,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(program=strategy)
        def some(program: Program) -> None:
            nonlocal failed
            if program in tried or len(tried) >= count:
                return
            tried.add(program)
            try:
                check(program)
            except Exception as error:  # any failure of any kind is what this is looking for
                failed += 1
                print(f"FAILED {program!r}\n    {type(error).__name__} {str(error)[:600]!r}", flush=True)

        some()
    return failed


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", STRATEGIES)
def test_random_programs(name: str) -> None:
    with numpy.errstate(all="ignore"):
        assert run(STRATEGIES[name], 60, 0) == 0


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    total, of_seed = (int(argument) for argument in sys.argv[1:])
    failures = sum(run(strategy, total, of_seed) for strategy in STRATEGIES.values())
    print(f"{total} programs of each kind, seed {of_seed}: {failures} failed")
    sys.exit(bool(failures))
