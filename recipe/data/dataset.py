"""Descriptions of datasets for RETURNN."""

from __future__ import annotations

from typing import Any


def label_dataset(hdf: Any, *, seq_ordering: str) -> dict[str, Any]:
    """
    An HDF file of label sequences.

    :param hdf: the file, a ``tk.Path``
    :param seq_ordering: RETURNN's name of an order, for example "sorted" or "laplace:.1000"
    """
    return {
        "class": "HDFDataset",
        "files": [hdf],
        "seq_ordering": seq_ordering,
        # HDFDataset otherwise fills a cache in a second thread, and training now and then reads what is not there yet:
        # labels of -1.
        "cache_byte_size": 0,
    }
