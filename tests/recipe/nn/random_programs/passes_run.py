"""A long run: many random programs through every pass, in NumPy."""

from __future__ import annotations

import traceback
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import hypothesis
from hypothesis import Phase, Verbosity

from .all_forms import all_forms
from .before_and_after import check_pass, is_unstable, passes
from .features import features
from .in_numpy import RunInNumpy
from .program import Program

UNROLLED = "unrolled in plain Python"
ROUND = 20
"""So many programs are made of one seed: hypothesis begins with simple ones and changes what it has."""
TRIES = 3
"""With so many parameters a program is tried, where rounding decides."""


class Failure(NamedTuple):
    """
    Of a program.

    :ivar where: in which pass
    :ivar what: the error
    :ivar place: the line that raised it
    """

    where: str
    what: str
    place: str

    def is_like(self, other: Failure) -> bool:
        """Whether both are likely one mistake."""
        return (self.where, self.place) == (other.where, other.place)


class Outcome:
    """
    What many programs gave.

    :ivar programs: how many were tried, all different
    :ivar searches: how many of them search
    :ivar shares: how many have each form of the language
    :ivar failed: the smallest failing program for each kind of failure, and how many failed like that
    :ivar unstable: how often rounding decided what a program gives, so that other parameters were tried
    :ivar undecided: how often it did so with all parameters that were tried
    """

    def __init__(self) -> None:
        self.programs = self.searches = self.unstable = self.undecided = 0
        self.shares: Counter[str] = Counter()
        self.failed: list[tuple[Failure, Program]] = []
        self.counts: Counter[str] = Counter()

    def is_known(self, failure: Failure) -> bool:
        """Whether there is one of its kind."""
        return any(failure.is_like(known) for known, _ in self.failed)

    def __str__(self) -> str:
        kinds = len(self.failed)
        return (
            f"{self.programs} programs, {self.searches} of them searches; {self.counts.total()} failed, in {kinds} "
            f"ways; rounding decided {self.unstable} times, {self.undecided} times with all parameters tried"
        )

    def table(self) -> str:
        """The shares."""
        lines = [f"{count / self.programs:7.1%}  {name}" for name, count in sorted(self.shares.items())]
        return "\n".join(lines)


def run_many(
    count: int,
    seed: int,
    *,
    without: Sequence[str] = (),
    with_shares: bool = True,
    report: Callable[[Outcome], None] | None = None,
) -> Outcome:
    """
    Tries random programs, all different.

    :param without: kinds of statements that are left out
    :param with_shares: whether their forms are counted
    :param report: is called every 500 programs
    """
    outcome = Outcome()
    tried: set[Program] = set()
    number = 0
    while outcome.programs < count:
        before = outcome.programs
        _round(outcome, tried, count, 100_000 * seed + number, without, with_shares)
        number += 1
        if report is not None and before // 500 < outcome.programs // 500:
            report(outcome)
    return outcome


def _round(
    outcome: Outcome, tried: set[Program], count: int, seed: int, without: Sequence[str], with_shares: bool
) -> None:
    found: list[tuple[Failure, Program]] = []

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
        report_multiple_bugs=False,
        verbosity=Verbosity.quiet,
        print_blob=False,
    )
    @hypothesis.given(program=all_forms(without=without))
    def run(program: Program) -> None:
        if not found and (program in tried or outcome.programs >= count):
            return
        if found:
            failure = failure_of(program)
        else:
            tried.add(program)
            outcome.programs += 1
            outcome.searches += program.beam_size > 0
            failure = failure_of(program, outcome, with_shares=with_shares)
        if failure is None or (found and not failure.is_like(found[0][0])):
            return
        outcome.counts[failure.where] += not found
        if outcome.is_known(failure):
            return
        found.append((failure, program))  # from here on hypothesis makes it smaller
        raise _Failed(failure)

    try:
        run()
    except _Failed:
        outcome.failed.append(found[-1])


class _Failed(Exception):
    """Tells hypothesis that a program fails."""


def failure_of(program: Program, outcome: Outcome | None = None, *, with_shares: bool = False) -> Failure | None:
    """
    What fails with a program, if anything does: unrolled, or before and after a pass.

    :param outcome: what is to count it
    """
    where = "recorded and run in NumPy"
    try:
        run = RunInNumpy(program)
        if outcome is not None and with_shares:
            outcome.shares.update(features(program, run.network))
        where = UNROLLED
        _check(run, run.check_unrolled, outcome)
        for name, rewrite in passes().items():
            where = name
            rewritten = rewrite(run.network)

            def check(rewritten: Any = rewritten) -> None:
                check_pass(run.network, rewritten, run.feeds, run.parameters, run.in_numpy)

            _check(run, check, outcome)
    except Exception as error:  # any failure of any kind is what this is looking for
        return _failure(where, error)
    return None


def _check(run: RunInNumpy, check: Callable[[], None], outcome: Outcome | None) -> None:
    """Makes a check; with other parameters, if rounding decides what the program gives."""
    for seed in range(TRIES):
        try:
            check()
        except AssertionError:
            if not is_unstable(run.network, run.in_numpy, run.feeds, run.parameters):
                raise
            if outcome is not None:
                outcome.unstable += 1
            run.run_with(seed=100 + seed)
        else:
            return
    if outcome is not None:
        outcome.undecided += 1


def _failure(where: str, error: Exception) -> Failure:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "/numpy/" not in frame.filename]
    text = " ".join(str(error).split())[:600]
    return Failure(where, f"{type(error).__name__}: {text}", f"{frames[-1].filename}:{frames[-1].lineno}")
