"""The job that makes a trained model independent of this setup: parameters for NumPy, checkpoint and config."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from typing import Any

import numpy
from sisyphus import Task

from recipe import nn

from .atomic_file import replacing, write_json, write_text
from .checkpoint import Checkpoint, output_checkpoint
from .checkpoint_values import read_checkpoint
from .convert_checkpoint import for_engine
from .returnn_process import resolve_paths
from .unhashed import JobWithUnhashedArguments


class ExportModelJob(JobWithUnhashedArguments):
    """
    A directory that can be copied to a machine without this setup.

    It has the checkpoint (``model.*``), the RETURNN config that loads it from beside itself (``returnn.config``), the
    parameters by name for NumPy (``parameters.npz``; ``nn.run_numpy`` takes them), and what they are
    (``parameters.json``: shape and dtype).

    :param network: what to run, for example recorded for search
    :param model_checkpoint: its parameters
    :param config: further options of the config
    :param engine: of the exported checkpoint and config; default: that of ``model_checkpoint``
    :param device: "cpu" or "gpu": what the config is written for
    """

    returnn_options = ("config",)
    __sis_hash_exclude__ = {"engine": None}

    def __init__(
        self,
        network: nn.Network,
        model_checkpoint: Checkpoint,
        *,
        config: dict[str, Any] | None = None,
        engine: str | None = None,
        device: str = "cpu",
    ):
        self.network = network
        self.model_checkpoint = for_engine(model_checkpoint, engine or model_checkpoint.engine)
        self.config = config or {}
        self.device = device

        self.out_directory = self.output_path("model", directory=True)
        self.out_parameters = self.output_path("model/parameters.npz")
        self.out_parameters_json = self.output_path("model/parameters.json")
        self.out_returnn_config_file = self.output_path("model/returnn.config")
        self.out_checkpoint = output_checkpoint(self, "model/model", self.model_checkpoint.engine)

        self.rqmt = {"cpu": 1, "mem": 2, "time": 0.5, "gpu": 0}

    def tasks(self) -> Iterator[Task]:
        """One task."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes the directory.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ValueError: if it does not have the parameters of the network
        """
        self.model_checkpoint.check_exists()
        values = read_checkpoint(self.model_checkpoint)
        parameters = parameters_of(self.network, values)
        with replacing(self.out_parameters) as part, open(part, "wb") as file:
            numpy.savez(file, **parameters)  # type: ignore[arg-type]  # numpy declares its own option as one of them
        write_json(
            self.out_parameters_json,
            {name: {"shape": list(value.shape), "dtype": str(value.dtype)} for name, value in parameters.items()},
        )
        self._copy_checkpoint()
        beside = nn.PythonCode('os.path.join(os.path.dirname(__file__), "model")')
        options = {"device": self.device, **resolve_paths(self.config), "load": beside, "load_epoch": 1}
        engine = self.model_checkpoint.engine
        text = self.network.config_text(self.device, engine=engine, config=options, preamble="import os")
        write_text(self.out_returnn_config_file, text)

    def _copy_checkpoint(self) -> None:
        """Copies, with no links, so that the directory stays whole whatever happens to the training."""
        for ending in self.out_checkpoint.files:
            with replacing(self.out_checkpoint.prefix() + ending) as part:
                if os.path.exists(part):
                    os.remove(part)
                shutil.copyfile(self.model_checkpoint.prefix() + ending, part)


def parameters_of(network: nn.Network, values: Mapping[str, numpy.ndarray]) -> dict[str, numpy.ndarray]:
    """
    The values of a network's parameters.

    :raises ValueError: if one is not there or has another shape
    """
    for name, parameter in network.parameters.items():
        if name not in values:
            raise ValueError(f"the checkpoint has no {name}; it has: {', '.join(sorted(values))}")
        if values[name].shape != tuple(parameter.shape):
            raise ValueError(
                f"{name} is {tuple(parameter.shape)} in the network, but {values[name].shape} in the checkpoint"
            )
    return {name: values[name] for name in sorted(network.parameters)}
