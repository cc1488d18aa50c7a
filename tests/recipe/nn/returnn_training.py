"""Trains with RETURNN, as ``python -m returnn`` does, on a tiny dataset."""

from __future__ import annotations

import os
import pathlib
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

os.environ.setdefault("DISABLE_CUDA", "1")

import numpy

from recipe import nn

from ...warm_returnn import warm
from .inputs import FEEDS

TRAINING = {
    "task": "train",
    "device": "cpu",
    "batch_size": 100,
    "max_seqs": 10,
    "optimizer": {"class": "gradientdescent"},
    "learning_rate": 0.1,
    "save_interval": 1,
    "cleanup_old_models": False,
    "tf_log_dir": None,
    "log_verbosity": 3,
}


_RUN_ALL = """
import sys
from returnn.__main__ import execute_main_task, finalize, init
for path in sys.argv[1:]:
    init(command_line_options=[path])
    execute_main_task()
    finalize()
"""


def write_dataset(directory: pathlib.Path, feeds: Mapping[str, Any] = FEEDS) -> dict[str, Any]:
    """The feeds ``data`` and ``classes`` as a dataset of RETURNN, in ``directory/data.hdf``."""
    from returnn.datasets.hdf import SimpleHDFWriter

    path = directory / "data.hdf"
    dataset = {"class": "HDFDataset", "files": [str(path)], "use_cache_manager": False}
    dataset["cache_byte_size"] = 0  # as in recipe/data/dataset.py: a second thread may fill the cache too late
    if path.exists():
        return dataset
    value, lengths = feeds["data"]
    classes, class_lengths = feeds["classes"]
    dim = value.shape[-1] if value.ndim == 3 else int(value.max()) + 1
    labels = {"classes": (int(classes.max()) + 1, 1, "int32")}
    writer = SimpleHDFWriter(str(path), dim=dim, ndim=value.ndim - 1, extra_type=labels)
    for row, (length, class_length) in enumerate(zip(lengths, class_lengths)):
        writer.insert_batch(
            value[row : row + 1, :length],
            seq_len=[int(length)],
            seq_tag=[f"seq-{row}"],
            extra={"classes": classes[row : row + 1, :class_length]},
        )
    writer.close()
    return dataset


def training_text(
    network: nn.Network | nn.StagedNetwork,
    directory: pathlib.Path,
    feeds: Mapping[str, Any] = FEEDS,
    engine: str = "tensorflow",
    **options: Any,
) -> str:
    """A config that trains on :func:`write_dataset`; checkpoints are ``directory/net.NNN``."""
    data = write_dataset(directory, feeds)
    own = {"model": str(directory / "net"), "learning_rate_file": str(directory / "learning_rates")}
    config = {**TRAINING, "train": data, "dev": data, **own, **options}
    return network.config_text("cpu", engine=engine, config=config)


def train(*texts: str, directory: pathlib.Path) -> str:
    """
    Runs ``python -m returnn`` for each config, one after the other in one process; gives what was printed.

    A config after the first goes on from the last checkpoint that is there, if it has the same ``model``.
    """
    paths = [directory / f"{number}.config" for number, _ in enumerate(texts)]
    for path, text in zip(paths, texts):
        path.write_text(text, encoding="utf-8")
    command = [sys.executable, "-c", _RUN_ALL, *map(str, paths)]
    with warm():
        environment = {**os.environ, "CUDA_VISIBLE_DEVICES": ""}
        done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def checkpoint_values(path: pathlib.Path) -> dict[str, numpy.ndarray]:
    """The parameters in a checkpoint, by name."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(path))
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map() if name != "global_step"}
