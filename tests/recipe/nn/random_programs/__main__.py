"""
Long runs::

    python -m tests.recipe.nn.random_programs COUNT SEED                      # against RETURNN
    python -m tests.recipe.nn.random_programs --all-forms --count N --seed S  # the same, of all forms
    python -m tests.recipe.nn.random_programs --torch --count N --seed S      # of all forms, on PyTorch alone
    python -m tests.recipe.nn.random_programs --passes --count N --seed S     # in NumPy, before and after each pass

All print failing programs, the last one the smallest of each kind, and a summary.
"""

from __future__ import annotations

import argparse
import sys
import time
import traceback
import warnings
from collections.abc import Callable, Sequence

import hypothesis
import numpy
from hypothesis import strategies as st

from . import Program, check_program, programs
from .all_forms import all_forms
from .before_and_after import passes
from .checks import check_on_torch
from .passes_run import UNROLLED, run_many
from .texts import digests, digests_elsewhere


def long_run(
    count: int, seed: int, strategy: st.SearchStrategy[Program], check: Callable[[Program], bool] = check_program
) -> int:
    """
    Checks random programs, all different. Hypothesis starts from simple ones, so it starts anew again and again.

    :param strategy: which programs
    :param check: what is checked of each; gives False for one that an engine cannot run
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
        @hypothesis.given(program=strategy)
        def run(program: Program) -> None:
            nonlocal failed, without_steps
            if program not in tried and len(tried) - without_steps < count:
                tried.add(program)
                agrees = _agrees(program, check)
                failed += agrees is False
                without_steps += agrees is None

        run()
        ran = len(tried) - without_steps
        print(f"{ran} programs, {failed} failed ({without_steps} more have a loop without any step)", flush=True)
    return failed + (_count_other_texts(sorted(tried, key=repr)) if check is check_program else 0)


def _count_other_texts(tried: list[Program]) -> int:
    """How many configs are written otherwise in a process with other hashes."""
    here = digests(tried)
    failed = sum(len({*texts}) > 1 for texts in zip(here, *(digests_elsewhere(tried, seed) for seed in (1, 2))))
    print(f"{len(tried)} configs, {failed} written otherwise with other hash seeds", flush=True)
    return failed


def _agrees(program: Program, check: Callable[[Program], bool]) -> bool | None:
    """None if TensorFlow cannot run it."""
    try:
        if not check(program):
            return None
    except Exception as error:  # any failure of any kind is what this is looking for
        where = traceback.extract_tb(error.__traceback__)[-1]
        print(f"FAILED {program!r}", flush=True)
        print(f"    {type(error).__name__} {where.filename}:{where.lineno} {str(error)[:600]!r}", flush=True)
        return False
    return True


def run_passes(count: int, seed: int, without: Sequence[str]) -> int:
    """
    Runs programs through all passes, in NumPy.

    :param without: kinds of statements that are left out
    :return: how many failed
    """
    start = time.monotonic()
    print(f"passes: {UNROLLED}, {', '.join(passes())}; seed {seed}", flush=True)
    outcome = run_many(count, seed, without=without, report=lambda outcome: print(outcome, flush=True))
    for failure, program in outcome.failed:
        print(f"FAILED {failure.where}: {failure.what}\n    {failure.place}\n    {program!r}")
    print(outcome.table())
    print(f"seed {seed}: {outcome}; by pass: {dict(outcome.counts)}; {time.monotonic() - start:.0f} s")
    return outcome.counts.total()


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Random programs.")
    parser.add_argument("--passes", action="store_true", help="in NumPy, before and after each pass")
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--without", nargs="*", default=[], metavar="KIND", help="kinds of statements to leave out")
    parser.add_argument("count_and_seed", nargs="*", type=int, metavar="COUNT SEED")
    parser.add_argument("--all-forms", action="store_true", help="programs of all forms, against RETURNN")
    parser.add_argument("--torch", action="store_true", help="programs of all forms, on PyTorch alone")
    options = parser.parse_args()
    count, seed = [*options.count_and_seed, *(options.count, options.seed)[len(options.count_and_seed) :]]
    if options.passes:
        return int(run_passes(count, seed, options.without) > 0)
    # what is dropped differs between NumPy and RETURNN, which run as in training
    every = options.all_forms or options.torch
    strategy = all_forms(without=["dropout", *options.without]) if every else programs()
    return int(long_run(count, seed, strategy, check_on_torch if options.torch else check_program) > 0)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    numpy.seterr(all="ignore")
    sys.exit(main())
