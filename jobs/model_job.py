"""What all jobs have in common that run a trained network with RETURNN."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from sisyphus import Task

from recipe import nn
from recipe.nn.plain.engine import check_engine
from recipe.nn.program.parameter_agreement import UndecidedSize
from recipe.nn.program.program import Program
from recipe.nn.tf_layers.python_source import NetDictSource
from recipe.nn.torch_code.config import config_text as torch_config_text

from .atomic_file import write_text
from .callback import Callback
from .checkpoint import Checkpoint
from .convert_checkpoint import for_engine
from .dataset_inputs import check_files, check_inputs
from .directory_holder import DirectoryHolder
from .engine_options import options_before
from .engines import check_engine_is_installed, warn_if_missing
from .exclusive_run import job_directory, run_exclusively
from .options.datasets import check_dataset
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
    :param model_checkpoint: the parameters; if it is known what they were trained in, the network must fit
    :param engine: what RETURNN computes with, "tensorflow" or "torch"; default: that of the checkpoint, which is
        converted by a job of its own otherwise. Not hashed: results agree
    :param config: hashed RETURNN options (batch sizes, ...)
    :param post_config: options that do not change the result; not hashed
    :param device: "cpu" or "gpu"; not hashed
    :param time_rqmt: hours; not hashed
    :param mem_rqmt: GB; not hashed
    :param cpu_rqmt: cores; not hashed
    :param log_verbosity: RETURNN's; not hashed
    """

    unhashed = ("engine", "post_config", "device", "time_rqmt", "mem_rqmt", "cpu_rqmt", "log_verbosity")
    returnn_options: ClassVar[tuple[str, ...]] = ("config", "post_config")

    # of jobs that an earlier version saved
    engine: str = "tensorflow"
    _given_engine: str = "tensorflow"
    undecided_sizes: Sequence[UndecidedSize] = ()
    _data: tuple[Any, str] | None = None
    # in the task
    _holder: DirectoryHolder | None = None

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        *,
        engine: str | None,
        config: dict[str, Any] | None,
        post_config: dict[str, Any] | None,
        device: str,
        time_rqmt: float,
        mem_rqmt: float,
        cpu_rqmt: int,
        log_verbosity: int,
    ):
        check_options(config or {}, post_config or {}, device, _OWN_OPTIONS)
        undecided: list[UndecidedSize] = []
        for one in all_networks(network):
            self.check_network(one)
            model_checkpoint.check_loaded_by(one)
            undecided += model_checkpoint.undecided_sizes(one)
        self.undecided_sizes = undecided
        self.network = network
        self._given_engine = model_checkpoint.engine
        self.engine = check_engine(engine or self._given_engine)
        warn_if_missing(self.engine)
        self.model_checkpoint = for_engine(model_checkpoint, self.engine)
        self.config = config or {}
        self.post_config = post_config or {}
        self.device = device
        self.log_verbosity = log_verbosity

        self.out_returnn_config_file = self.output_path("returnn.config")
        self.out_log = self.output_path("returnn.log")

        gpus = 1 if device == "gpu" else 0
        self.rqmt: dict[str, Any] = {"cpu": cpu_rqmt, "mem": mem_rqmt, "time": time_rqmt, "gpu": gpus}

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of everything that changes the result."""
        return super().hash({**parsed_args, "model_checkpoint": parsed_args["model_checkpoint"].path})

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if the job cannot use the network
        """

    def check_data(self, data: dict[str, Any], what: str) -> None:
        """
        Checks a dataset whose streams are the inputs of the network, now and, where jobs give labels, in the task.

        :param what: for messages, as "search_data"
        :raises ValueError: for what RETURNN does not have, or labels of another vocabulary than the network's
        """
        check_dataset(data, what)
        check_inputs(all_networks(self.network), data, what)
        self._data = data, what

    def take_over(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """The engine, where the one that is asked for, by name or as that of the checkpoint, is what the job has."""
        return ("engine",) if (arguments["engine"] or self._given_engine) == self.engine else ()

    def tasks(self) -> Iterator[Task]:
        """One task, which can be run again at any time."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Does the work of this job, as soon as no other process does it.

        :raises DirectoryLost: if the job's directory is removed meanwhile
        """
        run_exclusively(job_directory(self.out_log), self._run_with)

    def _run_with(self, holder: DirectoryHolder) -> None:
        self._holder = holder
        self.work()

    def work(self) -> None:
        """What the task does; it runs RETURNN by :meth:`run_model` or :meth:`run_callback`."""
        raise NotImplementedError

    def run_model(self, options: dict[str, Any], *, layers: Mapping[str, Any] | None = None) -> None:
        """
        Writes the config of RETURNN on TensorFlow and runs it.

        :param options: what the job itself sets
        :param layers: RETURNN layers by name that the job adds to the network
        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        self._check_machine()
        own = {"tf_log_dir": None, "tf_log_memory_usage": False, **options}
        text = resolve_network(self.network).config_text(self.device, config=self._options({}, own))
        if layers:
            text += f"\nnetwork.update({NetDictSource().value(dict(layers))})\n"
        self._run_returnn(text)

    def run_callback(
        self, program: Program, data: dict[str, Any], callback: Callback, *, in_order: bool = True
    ) -> None:
        """
        Writes the config of RETURNN on PyTorch and runs it: what a program gives for each sequence goes to a callback.

        :param program: with the outputs that the callback is called with
        :param data: RETURNN dataset options
        :param callback: what writes the results
        :param in_order: whether sequences come in the order of the data; else sorted by their lengths, if that can be,
            which is faster
        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        self._check_machine()
        before = {"batch_size": _BATCH_SIZE, **options_before(self.engine, self.device)}
        own = {
            "task": "forward",
            "eval": resolve_paths(data),
            "forward_data": "eval",  # so RETURNN takes it as on TensorFlow: sorted, if it says nothing of the order
            "forward_callback": callback.option(),
            **({"sort_dataset": False} if in_order else {}),
            **({"chunking": None} if "chunking" in self.config else {}),  # that is of a training
        }
        config = self._options(before, own)
        self._run_returnn(torch_config_text({1: program}, program.extern_data, config=config, preamble=callback.text()))

    def _check_machine(self) -> None:
        check_engine_is_installed(self.engine)
        self.model_checkpoint.check_exists()
        network = resolve_network(self.network)
        for item in self.undecided_sizes:
            item.check()
        if self._data is not None:
            data, what = self._data
            check_inputs([network], data, what)
            check_files([network], data, what)
        check_device(self.device, self.engine)

    def _options(self, before: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
        """
        All options.

        :param before: which a user may set otherwise
        :param own: which a user may set otherwise by ``post_config`` alone
        """
        return {
            "device": self.device,
            **before,
            **resolve_paths(self.config),
            "load": self.model_checkpoint.prefix(),
            "load_epoch": 1,  # RETURNN wants a number, and not every checkpoint has one in its name
            "log_verbosity": self.log_verbosity,
            **own,
            **resolve_paths(self.post_config),
        }

    def _run_returnn(self, text: str) -> None:
        write_text(self.out_returnn_config_file, text)
        config, log = self.out_returnn_config_file.get_path(), self.out_log.get_path()
        try:
            run_returnn(
                config,
                log=log,
                device=self.device,
                engine=self.engine,
                threads=self.rqmt["cpu"],
                holder=self._holder,
            )
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
