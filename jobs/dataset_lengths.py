"""How long the sequences of a dataset of RETURNN are."""

from __future__ import annotations

from typing import Any

from .python_values import with_python_values


def sequence_lengths(dataset: dict[str, Any], key: str = "data") -> dict[str, int]:
    """
    Reads a dataset through, in a task: RETURNN is imported, not TensorFlow.

    :param dataset: RETURNN's options, with file names
    :param key: of the stream whose frames count
    :return: frames by tag
    """
    from returnn.datasets.basic import init_dataset

    data = init_dataset(with_python_values(dataset))
    data.init_seq_order(epoch=1)
    lengths, index = {}, 0
    while data.is_less_than_num_seqs(index):
        data.load_seqs(index, index + 1)
        lengths[data.get_tag(index)] = int(data.get_seq_length(index)[key])
        index += 1
    return lengths
