"""The job that trains a network with RETURNN."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

from sisyphus import Task, tk

from recipe import nn
from recipe.nn.program.parameter_agreement import UndecidedSize

from .average_checkpoints import AverageCheckpointsJob
from .best_checkpoint import GetBestCheckpointJob
from .checkpoint import Checkpoint, output_checkpoint
from .checkpoint_files import epoch_of, epoch_prefix, is_complete
from .distributed import check_processes
from .engines import warn_if_missing
from .exclusive_run import job_directory, run_exclusively
from .keep_rules import KeepRules
from .preload import Preload
from .removed_checkpoint import removed_checkpoint
from .reopening import reopen
from .score_keys import score_key
from .tensorboard_writer import check_log_has_steps
from .training_arguments import check_arguments, stages_of
from .training_checkpoints import trained_epochs, unneeded_epochs
from .training_progress import TrainingProgress, read_progress, read_scores
from .training_run import TrainingRun
from .unhashed import JobWithUnhashedArguments


class TrainingJob(JobWithUnhashedArguments):
    """
    Trains a network, checkpoint by checkpoint; goes on from the last complete one after any interruption.

    The job holds the network; its RETURNN config is written when it runs, for the device that it runs on. All of
    ``out_learning_rates``, ``out_learning_curves*``, ``out_log`` and ``out_page`` (HTML) can be read while it runs, and
    each of ``out_checkpoints`` is available to other jobs as soon as its epoch is done.

    :param network: what to train, with at least one loss; or several stages, by their first epoch
    :param train_data: RETURNN dataset options for training, paths as ``tk.Path``
    :param dev_data: for the scores after each epoch
    :param engine: what RETURNN trains with, "tensorflow" or "torch"; hashed if it is not "tensorflow", as random
        numbers differ
    :param preload: checkpoints that it starts with, of this network or of parts of it; hashed if given. Of another
        engine, they are converted by jobs of their own
    :param config: hashed RETURNN options (optimizer, learning rates, batch sizes, ...)
    :param post_config: options that do not change the result (logging, threads); not hashed
    :param num_epochs: how long; not hashed: asking for more epochs goes on with the training that is there
    :param keep_epochs: checkpoints that are kept beside the last, and beside those that :meth:`best_checkpoint` and
        :meth:`average_of_last` ask for; default: all. Not hashed
    :param horovod_num_processes: how many processes train together, called so on both engines, as in i6_core; hashed
        if given. On PyTorch RETURNN's option ``torch_distributed`` may stand in ``config``, on TensorFlow ``horovod_*``
    :param multi_node_slots: how many nodes they run on; the rqmt is that of one node
    :param distributed_launch_cmd: what starts them: "torchrun" on PyTorch, "mpirun" on TensorFlow; default: the right
        one. Not hashed
    :param tensorboard: whether ``out_tensorboard`` is written while it trains: a directory for TensorBoard with losses,
        the norm of the gradients and throughput of each step, and the scores of each epoch; not hashed
    :param device: "cpu" or "gpu"; not hashed
    :param time_rqmt: hours; not hashed
    :param mem_rqmt: GB, of one process; not hashed
    :param cpu_rqmt: cores, of one process; not hashed
    :param log_verbosity: RETURNN's; not hashed
    """

    unhashed = (
        "post_config",
        "num_epochs",
        "keep_epochs",
        "distributed_launch_cmd",
        "tensorboard",
        "device",
        "time_rqmt",
        "mem_rqmt",
        "cpu_rqmt",
        "log_verbosity",
    )
    returnn_options = ("config", "post_config", "train_data", "dev_data", "keep_epochs")
    __sis_hash_exclude__ = {"engine": "tensorflow", "horovod_num_processes": None, "multi_node_slots": None}
    # of jobs that an earlier version saved
    engine: str = "tensorflow"
    multi_node_slots: int | None = None
    cpu_rqmt: int | None = None
    out_tensorboard: tk.Path | None = None
    out_page: tk.Path | None = None
    undecided_sizes: Sequence[UndecidedSize] = ()

    def __init__(
        self,
        network: nn.Network | nn.StagedNetwork,
        train_data: dict[str, Any],
        dev_data: dict[str, Any],
        *,
        engine: str = "tensorflow",
        preload: Sequence[Preload] = (),
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        num_epochs: int = 1,
        keep_epochs: set[int] | None = None,
        horovod_num_processes: int | None = None,
        multi_node_slots: int | None = None,
        distributed_launch_cmd: str | None = None,
        tensorboard: bool = False,
        device: str = "cpu",
        time_rqmt: float = 4,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        check_arguments(
            network,
            {"train_data": train_data, "dev_data": dev_data},
            engine=engine,
            config=config or {},
            post_config=post_config or {},
            num_epochs=num_epochs,
            device=device,
        )
        check_log_has_steps(tensorboard, log_verbosity)
        processes_here = check_processes(horovod_num_processes, multi_node_slots, distributed_launch_cmd, engine)
        warn_if_missing(engine)
        self.network = network
        self.engine = engine
        undecided: list[UndecidedSize] = []
        for one in preload:
            one.check(self._network_at(1))
            undecided += one.undecided_sizes(self._network_at(1))
        self.undecided_sizes = undecided
        self.preload = tuple(one.for_engine(self._network_at(1), engine) for one in preload)
        self.train_data = train_data
        self.dev_data = dev_data
        self.config = config or {}
        self.post_config = post_config or {}
        self.num_epochs = num_epochs
        self.keep_rules = KeepRules(None if keep_epochs is None else set(keep_epochs))
        self.horovod_num_processes = horovod_num_processes
        self.multi_node_slots = multi_node_slots
        self.cpu_rqmt = cpu_rqmt
        self.device = device
        self.log_verbosity = log_verbosity

        self.out_returnn_config_file = self.output_path("returnn.config")
        self.out_learning_rates = self.output_path("learning_rates")
        self.out_model_dir = self.output_path("models", directory=True)
        self.out_log = self.output_path("returnn.log")
        self.out_learning_curves = self.output_path("learning_curves.png")
        self.out_learning_curves_table = self.output_path("learning_curves.txt")
        self.out_learning_curves_json = self.output_path("learning_curves.json")
        self.out_page = self.output_path("training.html")
        self.out_num_params = self.output_var("num_params")
        self.out_tensorboard = self.output_path("tensorboard", directory=True) if tensorboard else None
        self.out_checkpoints: dict[int, Checkpoint] = {}
        self._declare_checkpoints()

        self.rqmt: dict[str, Any] = {
            "cpu": cpu_rqmt * processes_here,
            "mem": mem_rqmt * processes_here,
            "time": time_rqmt,
            "gpu": processes_here if device == "gpu" else 0,
        }
        if multi_node_slots is not None:
            self.rqmt["multi_node_slots"] = multi_node_slots

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of everything that changes the result; without preload as if there were no such argument."""
        return super().hash({name: value for name, value in parsed_args.items() if name != "preload" or value})

    def take_over(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """Where the same training is asked for again: a larger number of epochs, and all epochs that are to be kept."""
        taken = {"num_epochs", "keep_epochs"}
        if arguments["num_epochs"] < self.num_epochs:
            taken.remove("num_epochs")
        self.keep_rules.join(arguments["keep_epochs"], {self.num_epochs, arguments["num_epochs"]})
        self.num_epochs = max(self.num_epochs, arguments["num_epochs"])
        self._declare_checkpoints()
        return tuple(taken)

    def _declare_checkpoints(self) -> None:
        """
        Declares the checkpoints as outputs; a training that ended with fewer epochs goes on. One whose last checkpoint
        was removed by hand has not ended with fewer.
        """
        kept = self.keep_rules.epochs
        epochs = set(range(1, self.num_epochs + 1)) if kept is None else {*kept, self.num_epochs}
        for epoch in sorted(epochs - set(self.out_checkpoints)):
            prefix = epoch_prefix("models", epoch)
            self.out_checkpoints[epoch] = output_checkpoint(self, prefix, self.engine, self._network_at(epoch))
        models = self.out_model_dir.get_path()
        done = is_complete(models, self.num_epochs) or self.num_epochs <= trained_epochs(
            self.out_learning_rates.get_path()
        )
        if not done:
            reopen(os.path.abspath(self._sis_path()), f"{self.num_epochs} epochs are wanted")

    # for the graph

    def best_checkpoint(self, key: str, index: int = 0) -> Checkpoint:
        """
        The best checkpoint by a score; the training then keeps as many of the best as are asked for.

        :param key: of a score, as ``dev_score``; see :func:`jobs.score_keys.score_key` for those on PyTorch
        :param index: 0 is the best, 1 the second best
        """
        return self._best(key, index).out_checkpoint.of(self._network_of(range(1, self.num_epochs + 1)))

    def average_of_last(self, number: int) -> Checkpoint:
        """The average of the last checkpoints, which the training then keeps."""
        if not 1 <= number <= self.num_epochs:
            raise ValueError(f"the average of the last {number} of {self.num_epochs} epochs cannot be made")
        self.keep_rules.ask_for_last(number)
        epochs = range(self.num_epochs - number + 1, self.num_epochs + 1)
        average = AverageCheckpointsJob(self.out_model_dir, list(epochs), engine=self.engine).out_checkpoint
        return average.of(self._network_of(epochs))

    def average_of_best(self, key: str, number: int) -> Checkpoint:
        """The average of the best checkpoints by a score, which the training then keeps."""
        if number < 1:
            raise ValueError(f"an average needs at least one checkpoint, not {number}")
        epochs = [self._best(key, index).out_epoch for index in range(number)]
        average = AverageCheckpointsJob(self.out_model_dir, epochs, engine=self.engine).out_checkpoint
        return average.of(self._network_of(range(1, self.num_epochs + 1)))

    def _network_at(self, epoch: int) -> nn.Network:
        """The network that an epoch trains."""
        return self.network.network_at(epoch) if isinstance(self.network, nn.StagedNetwork) else self.network

    def networks(self) -> list[nn.Network]:
        """Those of all stages."""
        return stages_of(self.network)

    def _network_of(self, epochs: range) -> nn.Network | None:
        """The one network that all these epochs train; None if there are several."""
        networks = {self._network_at(epoch) for epoch in epochs}
        return networks.pop() if len(networks) == 1 else None

    def shown_options(self) -> dict[str, Any]:
        """What it is trained with, for people."""
        starts = {"preload": [one.checkpoint.path for one in self.preload]} if self.preload else {}
        data = {"train": self.train_data, "dev": self.dev_data}
        return {
            "num_epochs": self.num_epochs,
            **self.config,
            **self.post_config,
            **starts,
            **data,
            "device": self.device,
        }

    # for the engine

    def tasks(self) -> Iterator[Task]:
        """One long task, which can be run again at any time."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def info(self) -> str | None:
        """Which epoch it is in and how far, the scores of the last complete one, and the time left."""
        return self.progress().text()

    def completed_fraction(self) -> float | None:
        """Epochs done, with the part of the current one, of epochs wanted."""
        return self.progress().fraction

    def path_available(self, path: tk.Path) -> bool:
        """Checkpoints are there as soon as their epoch is done, and as long as nobody removes them."""
        epoch = epoch_of(path.get_path())
        if epoch is not None:
            return is_complete(self.out_model_dir.get_path(), epoch)
        return bool(super().path_available(path))

    def may_be_removed(self, output: str) -> bool:
        """Without what it stays finished: checkpoints, removed by hand to save space, and the page, new as it is."""
        return output.split("/")[0] in ("models", "training.html")

    def explain_removed(self, path: tk.Path) -> str:
        """What is said of an output that is gone, and how to get it back."""
        epoch = epoch_of(path.get_path())
        if epoch is None:
            return f"{path.get_path()} was removed. Make it again: ./sis retry --from-start {self.job_id()}"
        return removed_checkpoint(self.out_model_dir.get_path(), epoch, self.job_id())

    def unneeded_checkpoints(self) -> set[int]:
        """The epochs whose checkpoints no rule keeps, once it is done: of a time when more was asked for."""
        models, rates = self.out_model_dir.get_path(), self.out_learning_rates.get_path()
        job = os.path.dirname(os.path.dirname(models))
        if not any(os.path.exists(os.path.join(job, name)) for name in ("finished", "finished.tar.gz")):
            return set()
        return unneeded_epochs(models, self.out_checkpoints, self.keep_rules, read_scores(rates))

    # in the task

    def run(self) -> None:
        """
        Writes the config and runs RETURNN until all epochs are there, as soon as no other process does so.

        :raises ReturnnError: if RETURNN fails, with the reason; its log stays in output/returnn.log
        :raises DirectoryLost: if the job's directory is removed meanwhile
        """
        run_exclusively(job_directory(self.out_log), TrainingRun(self).train)

    def _best(self, key: str, index: int) -> GetBestCheckpointJob:
        self.keep_rules.ask_for_best(index + 1)
        key = score_key(key, self.engine, self._network_at(self.num_epochs))
        return GetBestCheckpointJob(self.out_model_dir, self.out_learning_rates, key, index, engine=self.engine)

    def progress(self) -> TrainingProgress:
        """How far it is, by its files."""
        return read_progress(
            self.out_model_dir.get_path(), self.out_learning_rates.get_path(), self.out_log.get_path(), self.num_epochs
        )
