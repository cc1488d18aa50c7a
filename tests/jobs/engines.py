"""Trained networks on both engines: checkpoints with random values."""

from __future__ import annotations

import pathlib

import numpy
from sisyphus import tk

from jobs.checkpoint import FILES_OF, Checkpoint
from jobs.checkpoint_values import GLOBAL_STEP, write_checkpoint
from recipe import nn


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
