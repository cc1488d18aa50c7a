"""Which programs run where: all of them in NumPy; in RETURNN, in a usual run, those of a few files; all if asked to."""

from __future__ import annotations

import pytest

IN_RETURNN = ("test_several_choices.py", "test_choices_in_inner_loops.py", "test_plain_search.py")
"""The files whose programs also run in RETURNN in a usual run: all files take it a quarter of an hour and more."""
NOT_PROMISED = ("test_loops_in_branches.py", "test_outer_states_in_inner_loops.py", "test_sizes_and_products.py")
"""The files of programs that the language is meant to take, and does not take yet."""
NOT_PROMISED_ALONE = ("test_unusual_searches[two_searches-numpy]",)
"""The same, of files whose other programs it takes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds ``--all-programs``."""
    parser.addoption(
        "--all-programs",
        action="store_true",
        help="also programs that the language does not take yet, and all in RETURNN (tests/recipe/nn/programs)",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what a usual run does not have."""
    if config.getoption("--all-programs", default=False):
        return
    left_out = [item for item in items if item.path.parent.name == "programs" and _is_left_out(item)]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item) -> bool:
    if item.path.name in NOT_PROMISED or item.name in NOT_PROMISED_ALONE:
        return True
    return item.name.endswith("-returnn]") and item.path.name not in IN_RETURNN
