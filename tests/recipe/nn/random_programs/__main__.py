"""The long run: ``python -m tests.recipe.nn.random_programs COUNT SEED`` prints each failing program and a summary."""

from __future__ import annotations

import sys
import traceback
import warnings

import hypothesis
import numpy

from . import Program, check_program, programs
from .texts import digests, digests_elsewhere


def long_run(count: int, seed: int) -> int:
    """
    Checks random programs, all different. Hypothesis starts from simple ones, so it starts anew again and again.

    :return: how many failed
    """
    tried: set[Program] = set()
    failed = without_steps = 0
    while len(tried) - without_steps < count:
        seed_of_round = 1000 * seed + len(tried)

        @hypothesis.seed(seed_of_round)
        @hypothesis.settings(
            max_examples=20,
            deadline=None,
            database=None,
            phases=[hypothesis.Phase.generate],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(program=programs())
        def run(program: Program) -> None:
            nonlocal failed, without_steps
            if program not in tried and len(tried) - without_steps < count:
                tried.add(program)
                passes = _passes(program)
                failed += passes is False
                without_steps += passes is None

        run()
        ran = len(tried) - without_steps
        print(f"{ran} programs, {failed} failed ({without_steps} more have a loop without any step)", flush=True)
    return failed + _count_other_texts(sorted(tried, key=repr))


def _count_other_texts(tried: list[Program]) -> int:
    """How many configs are written otherwise in a process with other hashes."""
    here = digests(tried)
    failed = sum(len({*texts}) > 1 for texts in zip(here, *(digests_elsewhere(tried, seed) for seed in (1, 2))))
    print(f"{len(tried)} configs, {failed} written otherwise with other hash seeds", flush=True)
    return failed


def _passes(program: Program) -> bool | None:
    """None if TensorFlow cannot run it."""
    try:
        if not check_program(program):
            return None
    except Exception as error:  # any failure of any kind is what this is looking for
        where = traceback.extract_tb(error.__traceback__)[-1]
        print(f"FAILED {program!r}", flush=True)
        print(f"    {type(error).__name__} {where.filename}:{where.lineno} {str(error)[:600]!r}", flush=True)
        return False
    return True


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    arguments = [int(argument) for argument in sys.argv[1:]]
    sys.exit(bool(long_run(arguments[0] if arguments else 500, arguments[1] if len(arguments) > 1 else 0)))
