"""Whether two systems differ by more than chance: the paired bootstrap over sequences (Bisani and Ney 2004)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy

_SEED = 1
_PART = 200  # samples that are drawn at once

Counts = Mapping[str, tuple[int, int]]
"""By name of the sequence: errors, and labels of the reference."""


class PairedDifference(NamedTuple):
    """
    Between the error rates of two systems on the same sequences, in points of percent.

    :ivar value: rate of the other one less that of the first: below 0 the other one is better
    :ivar low: lower end of the interval of 95 %
    :ivar high: upper end
    :ivar improvement: in which part of the samples the other one has the lower rate
    :ivar p: two-sided probability of such a difference, or a larger one, by chance
    """

    value: float
    low: float
    high: float
    improvement: float
    p: float

    @property
    def is_significant(self) -> bool:
        """At the level of 5 %."""
        return self.p < 0.05


def error_rate(counts: Counts) -> float:
    """In percent; NaN without any label."""
    labels = sum(length for _, length in counts.values())
    return 100 * sum(errors for errors, _ in counts.values()) / labels if labels else float("nan")


def paired_difference(first: Counts, other: Counts, *, samples: int = 10_000) -> PairedDifference | None:
    """
    As many sequences as there are, are drawn with repetition, the same ones of both systems, again and again.

    The draws have a fixed seed: the same files give the same figures.

    :param samples: how often
    :return: None if the two are not of the same sequences, or there are no labels
    """
    if set(first) != set(other) or not any(length for _, length in (*first.values(), *other.values())):
        return None
    tags = sorted(first)
    errors, lengths = (
        numpy.array([[counts[tag][place] for tag in tags] for counts in (first, other)], "float64") for place in (0, 1)
    )
    generator = numpy.random.default_rng(_SEED)
    found = []
    for start in range(0, samples, _PART):
        drawn = generator.integers(len(tags), size=(min(_PART, samples - start), len(tags)))
        rates = [
            100 * one[drawn].sum(axis=1) / numpy.maximum(1, all[drawn].sum(axis=1)) for one, all in zip(errors, lengths)
        ]
        found.append(rates[1] - rates[0])
    differences = numpy.concatenate(found)
    low, high = numpy.quantile(differences, [0.025, 0.975])
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    return PairedDifference(
        error_rate(other) - error_rate(first),
        float(low),
        float(high),
        float((differences < 0).mean()),
        float(min(1.0, 2 * (tail + 1) / (samples + 1))),
    )
