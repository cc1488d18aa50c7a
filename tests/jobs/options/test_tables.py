"""The tables are those of the RETURNN, TensorFlow and PyTorch that are installed."""

from __future__ import annotations

import pytest

from jobs.options import dataset_table, tables

from . import make_tables


def test_options_and_datasets() -> None:
    assert tables.OPTIONS == make_tables.options()
    assert dataset_table.DATASETS == make_tables.datasets()
    assert {"learning_rate": "float", "batch_size": "any", "sort_dataset": "bool"}.items() <= tables.OPTIONS.items()


@pytest.mark.xdist_group("returnn-1")
def test_optimizers() -> None:
    assert tables.OPTIMIZERS == make_tables.optimizers()
