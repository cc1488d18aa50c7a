"""One step of a job by its engine, as the process that makes it gets it: nothing of the job itself."""

from __future__ import annotations

from typing import Any, NamedTuple

from recipe import nn
from recipe.nn.plain.python_source import PythonCode

CONFIG, CHECKPOINT, RATES, MODEL = "returnn.config", "checkpoint", "learning_rates", "model"
"""Names in the directory of a step: RETURNN's config, what a model starts with, scores, what a training writes."""


class EngineStep(NamedTuple):
    """
    What is run, and on which data.

    :ivar title: whose it is
    :ivar kind: what is done with the network, for people: "training", "search", "rescoring" or "forward"
    :ivar engine: "tensorflow" or "torch"
    :ivar network: that is run
    :ivar is_training: else it starts with a made-up checkpoint
    :ivar directory: where it runs; the config is there already
    :ivar datasets: by the names of their files: RETURNN's options, with file names; None where data must be made up
    :ivar inputs: what the network reads of each of them
    :ivar notes: what is told of it: which data are made up and why, which options are left out
    """

    title: str
    kind: str
    engine: str
    network: nn.Network
    is_training: bool
    directory: str
    datasets: dict[str, dict[str, Any] | None]
    inputs: dict[str, nn.ExternData]
    notes: tuple[str, ...] = ()


def dataset_from(file: str) -> PythonCode:
    """The dataset of a config that the process of the step writes into a file beside it."""
    return PythonCode(f"__import__('pickle').load(open({file!r}, 'rb'))")
