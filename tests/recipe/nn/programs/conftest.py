"""Which programs run: in a usual run, in NumPy and RETURNN, those that the language takes."""

from __future__ import annotations

import pytest

NOT_PROMISED = ("test_sizes_and_products.py",)
"""The files of programs that the language is meant to take, and does not take yet."""
NOT_PROMISED_ALONE = ("test_unusual_searches[two_searches-numpy]", "test_unusual_searches[two_searches-returnn]")
"""The same, of files whose other programs it takes."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what a usual run does not have."""
    if config.getoption("--all-programs"):
        return
    left_out = [item for item in items if item.path.parent.name == "programs" and _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    return item.path.name in NOT_PROMISED or item.name in NOT_PROMISED_ALONE
