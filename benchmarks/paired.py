"""
Comparisons in one run: each contender is a process of its own, and they take turns, one step each.

So load of the machine meets all alike, and a ratio is the median over pairs of neighbouring steps. CPU time (user and
system, all threads) is told beside it: it depends less on what else the machine does.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

_MARK = "step: "
"""Before each answer, as libraries print other things."""


class Step(NamedTuple):
    """One step: seconds on the clock, seconds of CPU time, and what it gave (a loss, a score)."""

    seconds: float
    cpu_seconds: float
    value: float


class Contender:
    """
    A process that runs steps when it is told to.

    :param name: for the report
    :param command: a program that calls :func:`serve`
    :param environment: added to this process's own
    """

    def __init__(self, name: str, command: Sequence[str], environment: dict[str, str] | None = None):
        self.name = name
        environment = {**os.environ, **(environment or {})}
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=environment,
        )
        self._command = command

    def step(self, number: int) -> Step:
        """Runs a step with the batch of this number."""
        return Step(*self._ask(number))

    def close(self) -> None:
        """Ends the process, after it has written what it has to."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def _ask(self, request: int) -> list[float]:
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            print(request, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            pass
        for line in self._process.stdout:
            if line.startswith(_MARK):
                return json.loads(line[len(_MARK) :])
        raise SystemExit(f"{self.name} stopped; this shows why: {' '.join(self._command)}")


def serve(step: Callable[[int], float]) -> None:
    """
    The other end of :class:`Contender`: runs steps until standard input ends.

    :param step: runs the step with this number; what it returns is compared
    """
    for line in sys.stdin:
        start, cpu_start = time.perf_counter(), time.process_time()
        value = step(int(line))
        answer = [time.perf_counter() - start, time.process_time() - cpu_start, value]
        print(_MARK + json.dumps(answer), flush=True)


def alternate(contenders: Sequence[Contender], steps: int, *, batches: int) -> dict[str, list[Step]]:
    """
    Two steps of each to warm up, then ``steps`` of each in turn.

    :param batches: how many there are
    :return: by contender; the first two steps as well
    """
    results: dict[str, list[Step]] = {contender.name: [] for contender in contenders}
    for number in range(steps + 2):
        for contender in contenders:
            results[contender.name].append(contender.step(number % batches))
    return results


def medians(steps: Sequence[Step]) -> tuple[float, float]:
    """Seconds on the clock and of CPU time, of the steps after the first two."""
    seconds, cpu_seconds, _ = zip(*steps[2:])
    return statistics.median(seconds), statistics.median(cpu_seconds)


def ratios(steps: Sequence[Step], others: Sequence[Step]) -> tuple[float, float]:
    """Time on the clock and CPU time by that of others: medians over pairs of neighbouring steps."""
    pairs = list(zip(steps[2:], others[2:]))
    return (
        statistics.median(step.seconds / other.seconds for step, other in pairs),
        statistics.median(step.cpu_seconds / other.cpu_seconds for step, other in pairs),
    )


def report(results: dict[str, list[Step]], ours: str) -> None:
    """Prints medians, and by what factor the others take longer than ours."""
    print(f"{'':34s}{'ms':>8s}{'CPU ms':>9s}   others / ours: time  CPU time")
    for name, steps in results.items():
        factors, milliseconds = ratios(steps, results[ours]), [1e3 * seconds for seconds in medians(steps)]
        print(f"{name:34s}{milliseconds[0]:8.1f}{milliseconds[1]:9.1f}{factors[0]:22.3f}{factors[1]:10.3f}")


def check_same(results: dict[str, list[Step]], steps: int, tolerance: float) -> None:
    """
    Compares what the first steps gave.

    :raises SystemExit: if contenders do not compute the same
    """
    first, *others = results
    for other in others:
        for number in range(steps):
            a, b = results[first][number].value, results[other][number].value
            if abs(a - b) > tolerance * max(1.0, abs(a)):
                raise SystemExit(f"step {number}: {first} gives {a:.6f}, {other} {b:.6f}: not the same model")
