"""Which searches also run in RETURNN: in a usual run those of two files; with ``--all-programs`` all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .models import Engines

IN_RETURNN = ("test_loops_over_results.py", "test_histories.py")


def _runs_in_returnn(item: pytest.Item) -> bool:
    return item.path.name in IN_RETURNN or bool(item.config.getoption("--all-programs"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Has these tests run in one process, which imports TensorFlow once."""
    for item in items:
        if item.path.parent.name == "beams" and _runs_in_returnn(item):
            item.add_marker(pytest.mark.xdist_group("returnn-2"))


@pytest.fixture(autouse=True)
def engines(request: pytest.FixtureRequest) -> Iterator[None]:
    """Says whether the search of this test also runs in RETURNN."""
    Engines.returnn = _runs_in_returnn(request.node)
    yield
    Engines.returnn = False
