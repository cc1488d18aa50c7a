"""
Ids of 3,000 generated graphs are those of Sisyphus, and what it refuses is refused.

They were recorded from Sisyphus at its commit 21ba684, on Python 3.11: the same generator, with the same seeds, was
run with Sisyphus installed in place of the embedded engine (see :mod:`tests.localsis.generated_ids`); on Python 3.10,
3.12 and 3.13 Sisyphus gives the same. The graphs have values of all kinds as arguments: plain ones, containers,
objects, functions, NumPy's, those of the standard library, paths, variables, delayed values, classes of the engine,
jobs; tags, defaults, excluded and overwritten arguments, versions, hashes of a job's own.
"""

from __future__ import annotations

import pytest

from .generated_graphs import REFUSED, outcome
from .generated_ids import GRAPHS, recorded


@pytest.fixture(scope="module")
def golden() -> list[str]:
    return recorded()


@pytest.mark.parametrize("start", range(0, GRAPHS, 500))
def test_ids_and_refusals_are_those_of_sisyphus(start: int, golden: list[str]) -> None:
    seeds = range(start, start + 500)
    different = {seed: (found, golden[seed]) for seed in seeds if (found := outcome(seed)) != golden[seed]}
    assert not different


def test_recording_has_ids_and_refusals(golden: list[str]) -> None:
    assert len(golden) == GRAPHS
    assert 800 < golden.count(REFUSED) < 1200
    assert len(set(golden)) > 1500
