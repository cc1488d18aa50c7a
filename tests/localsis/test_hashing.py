"""Ids equal those that Sisyphus itself has given (commit 21ba684)."""

from __future__ import annotations

import json
import pathlib

import pytest

from localsis.hashing import hash_bytes

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden_ids.json").read_text())


@pytest.fixture(scope="module")
def ids() -> dict[str, str]:
    from .graph_examples import graphs
    from .hash_examples import examples

    return {name: job.job_id() for name, job in {**examples(), **graphs()}.items()}


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_id(name: str, ids: dict[str, str]) -> None:
    assert ids[name] == GOLDEN[name]


def test_all_examples_have_a_golden_id(ids: dict[str, str]) -> None:
    assert ids.keys() == GOLDEN.keys()


def test_lambda_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot be hashed"):
        hash_bytes(lambda: 0)


def test_type_derived_from_a_container_is_refused() -> None:
    """Sisyphus refuses it too: its items would not be hashed."""

    class Items(list):
        pass

    with pytest.raises(TypeError, match="derived from list"):
        hash_bytes(Items([1]))
