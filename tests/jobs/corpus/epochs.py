"""What RETURNN's datasets give."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping
from typing import Any

import numpy
from returnn.datasets.basic import init_dataset

from jobs.python_values import with_python_values
from jobs.returnn_process import resolve_paths
from recipe.data.corpus.audio import encoded
from recipe.data.corpus.ogg_zip import Entry, write_ogg_zip

from ...recipe.data.corpus.examples import RATE, noise


def epoch_of(options: Mapping[str, Any], epoch: int = 1) -> dict[str, dict[str, numpy.ndarray]]:
    """
    The streams of each sequence of an epoch, by tag, in the order of the dataset.

    A sequence that comes again gets the tag ``a'``.
    """
    dataset = init_dataset(with_python_values(resolve_paths(dict(options))))
    dataset.init_seq_order(epoch=epoch)
    found: dict[str, dict[str, numpy.ndarray]] = {}
    index = 0
    while dataset.is_less_than_num_seqs(index):
        dataset.load_seqs(index, index + 1)
        tag = dataset.get_tag(index)
        while tag in found:
            tag += "'"
        keys = [key for key in dataset.get_data_keys() if key in ("data", "classes")]
        found[tag] = {key: dataset.get_data(index, key) for key in keys}
        index += 1
    return found


def archive(path: pathlib.Path, seconds: Mapping[str, float]) -> str:
    """An archive of noise, whose texts are the names."""
    entries = (
        Entry(name, name.upper(), "speaker", length, encoded(noise(name, length), RATE, "flac"))
        for name, length in seconds.items()
    )
    path.parent.mkdir(exist_ok=True)
    write_ogg_zip(str(path), entries, "flac")
    return str(path)
