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


def aligned_dataset(data: Any, alignments: Any, *, seq_ordering: str) -> dict[str, Any]:
    """
    The sequences of a file of alignments (stream ``alignment``), with what they are alignments of (``data``).

    :param data: HDF file with the inputs of these sequences, maybe of others, too: a ``tk.Path``
    :param alignments: HDF file, for example of :class:`jobs.ctc_alignment.CtcAlignmentJob`: a ``tk.Path``
    :param seq_ordering: as for :func:`label_dataset`, by the length of the alignments
    """
    return {
        "class": "MetaDataset",
        "datasets": {
            "data": label_dataset(data, seq_ordering="default"),
            "alignments": label_dataset(alignments, seq_ordering=seq_ordering),
        },
        "data_map": {"data": ("data", "data"), "alignment": ("alignments", "data")},
        "seq_order_control_dataset": "alignments",  # whose sequences are taken, in its order
    }
