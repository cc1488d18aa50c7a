"""What tests of jobs on both engines have in common: checkpoints, data, and that files are the same."""

from __future__ import annotations

import pathlib
from typing import Any

import h5py
import numpy
from sisyphus import tk

from jobs.checkpoint import FILES_OF, Checkpoint
from jobs.checkpoint_values import GLOBAL_STEP, write_checkpoint
from jobs.hypotheses import Hypothesis, read_hypotheses
from recipe import nn
from recipe.data.cmudict import LETTERS, PHONES
from recipe.data.hdf import LabelStream, write_label_hdf

WORDS = {"cab": "K AE B", "abbey": "AE B IY", "a": "AH", "w": "D AH B AH L Y UW"}
"""The words and their phones."""

WITH_EMPTY_WORD = {"": "", **WORDS}
"""
With one that has no letters.

RETURNN (1.20261022) makes a batch of its own of each, which it cannot search in on TensorFlow: docs/limitations.md.
"""

OPTIONS = {"batch_size": 15}
"""Of the jobs: batches of several words."""


def random_checkpoints(directory: pathlib.Path, network: nn.Network, *, seed: int = 1) -> dict[str, Checkpoint]:
    """The same random parameters as checkpoints of each engine, by its name."""
    generator = numpy.random.default_rng(seed)
    values: dict[str, numpy.ndarray] = {
        name: generator.normal(size=parameter.shape).astype(parameter.dtype)
        for name, parameter in network.parameters.items()
    }
    values[GLOBAL_STEP] = numpy.array(7, "int64")
    found = {}
    for engine, files in FILES_OF.items():
        found[engine] = Checkpoint(tk.Path(str(directory / f"epoch.001{files[-1]}")), network)
        like = Checkpoint(tk.Path(str(directory / ("epoch.001.pt" if engine == "tensorflow" else "epoch.001.index"))))
        write_checkpoint(found[engine], values, like=like)
    return found


def dataset(path: pathlib.Path, words: dict[str, str]) -> dict[str, Any]:
    """A dataset of words, with their phones and the end label as ``classes``."""
    letters = LabelStream([LETTERS.encode(word) for word in words], LETTERS.labels)
    phones = LabelStream([PHONES.encode([*text.split(), "</s>"]) for text in words.values()], PHONES.labels)
    write_label_hdf(str(path), [f"word-{word}" for word in words], letters, {"classes": phones})
    return {"class": "HDFDataset", "files": [tk.Path(str(path))], "cache_byte_size": 0}


def hdf_content(path: tk.Path) -> dict[str, Any]:
    """All attributes and arrays of an HDF file."""
    content: dict[str, Any] = {}
    with h5py.File(path.get_path()) as file:

        def note(name: str, item: Any) -> None:
            content.update({f"{name} {key}": value for key, value in item.attrs.items()})
            if isinstance(item, h5py.Dataset):
                content[name] = item[...]

        note("", file)
        file.visititems(note)
    return content


def assert_same_hdf(wanted: tk.Path, found: tk.Path) -> None:
    """Numbers but for rounding, all else as it is."""
    left, right = hdf_content(wanted), hdf_content(found)
    assert set(left) == set(right)
    for name, value in left.items():
        if isinstance(value, numpy.ndarray) and value.dtype.kind == "f":
            assert value.dtype == right[name].dtype and value.shape == right[name].shape, name
            numpy.testing.assert_allclose(right[name], value, rtol=1e-4, atol=1e-5, err_msg=name)
        else:
            assert numpy.array_equal(value, right[name]), name


def assert_same_hypotheses(wanted: tk.Path, found: tk.Path) -> dict[str, list[Hypothesis]]:
    """Scores but for rounding; gives those of the first file."""
    left, right = (read_hypotheses(path.get_path()) for path in (wanted, found))
    assert list(left) == list(right)
    for tag, items in left.items():
        assert [item.labels for item in right[tag]] == [item.labels for item in items], tag
        scores = [[item.score for item in one] for one in (items, right[tag])]
        numpy.testing.assert_allclose(scores[1], scores[0], rtol=1e-4, atol=1e-4, err_msg=tag)
    return left


def text(path: tk.Path) -> str:
    """The content of a file."""
    return pathlib.Path(path.get_path()).read_text()
