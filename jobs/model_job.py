"""What all jobs have in common that run a trained network with RETURNN."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from sisyphus import Task

from recipe import nn
from recipe.nn.tf_layers.python_source import NetDictSource

from .atomic_file import write_text
from .checkpoint import Checkpoint
from .convert_checkpoint import for_engine
from .engines import check_engine_is_installed, warn_if_missing
from .returnn_errors import ReturnnError
from .returnn_options import check_options
from .returnn_process import check_device, resolve_paths, run_returnn
from .selected_network import SelectedNetwork, all_networks, resolve_network
from .unhashed import JobWithUnhashedArguments

_BATCH_SIZE = 10_000
_OWN_OPTIONS = ("network", "extern_data", "load", "task")


class ModelJob(JobWithUnhashedArguments):
    """
    Base of jobs that run a network with the parameters of a checkpoint.

    :param network: what to run; may be one of several, chosen by a variable
    :param model_checkpoint: the parameters; if it is known what they were trained in, the network must fit. Of another
        engine, they are converted by a job of their own
    :param config: hashed RETURNN options (batch sizes, ...)
    :param post_config: options that do not change the result; not hashed
    :param device: "cpu" or "gpu"; not hashed
    :param time_rqmt: hours; not hashed
    :param mem_rqmt: GB; not hashed
    :param cpu_rqmt: cores; not hashed
    :param log_verbosity: RETURNN's; not hashed
    """

    unhashed = ("post_config", "device", "time_rqmt", "mem_rqmt", "cpu_rqmt", "log_verbosity")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        *,
        config: dict[str, Any] | None,
        post_config: dict[str, Any] | None,
        device: str,
        time_rqmt: float,
        mem_rqmt: float,
        cpu_rqmt: int,
        log_verbosity: int,
    ):
        check_options(config or {}, post_config or {}, device, _OWN_OPTIONS)
        for one in all_networks(network):
            self.check_network(one)
            model_checkpoint.check_loaded_by(one)
        warn_if_missing("tensorflow")
        self.network = network
        self.model_checkpoint = for_engine(model_checkpoint, "tensorflow")
        self.config = config or {}
        self.post_config = post_config or {}
        self.device = device
        self.log_verbosity = log_verbosity

        self.out_returnn_config_file = self.output_path("returnn.config")
        self.out_log = self.output_path("returnn.log")

        self.rqmt = {"cpu": cpu_rqmt, "mem": mem_rqmt, "time": time_rqmt, "gpu": 1 if device == "gpu" else 0}

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of everything that changes the result."""
        return super().hash({**parsed_args, "model_checkpoint": parsed_args["model_checkpoint"].path})

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if the job cannot use the network
        """

    def tasks(self) -> Iterator[Task]:
        """One task, which can be run again at any time."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run_model(self, options: dict[str, Any], *, layers: Mapping[str, Any] | None = None) -> None:
        """
        Writes the config and runs RETURNN.

        :param options: what the job itself sets
        :param layers: RETURNN layers by name that the job adds to the network
        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        self.model_checkpoint.check_exists()
        check_engine_is_installed("tensorflow")
        check_device(self.device)
        network = resolve_network(self.network)
        text = network.config_text(
            self.device,
            config={
                "device": self.device,
                **resolve_paths(self.config),
                "load": self.model_checkpoint.prefix(),
                "load_epoch": 1,  # RETURNN wants a number, and not every checkpoint has one in its name
                "log_verbosity": self.log_verbosity,
                "tf_log_dir": None,
                "tf_log_memory_usage": False,
                **options,
                **resolve_paths(self.post_config),
            },
        )
        if layers:
            text += f"\nnetwork.update({NetDictSource().value(dict(layers))})\n"
        write_text(self.out_returnn_config_file, text)
        try:
            run_returnn(self.out_returnn_config_file.get_path(), log=self.out_log.get_path(), device=self.device)
        except ReturnnError as error:
            if error.is_unreadable_checkpoint:
                raise ReturnnError(
                    f"{self.model_checkpoint.prefix()}: take another, or train it again. {error}"
                ) from error
            raise

    @property
    def batch_size(self) -> int:
        """Frames in a batch: RETURNN's option ``batch_size``, of the largest stream if there are several."""
        size = self.config.get("batch_size", _BATCH_SIZE)
        return max(size.values()) if isinstance(size, dict) else int(size)

    def work_file(self, name: str) -> str:
        """The absolute name of a file in the task's directory; one that an earlier run left is removed."""
        path = os.path.abspath(name)
        if os.path.exists(path):
            os.remove(path)
        return path
