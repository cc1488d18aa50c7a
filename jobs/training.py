"""The job that trains a network with RETURNN."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from typing import Any

from sisyphus import Task, tk

from recipe import nn

from .checkpoint import Checkpoint, complete_epochs, remove_incomplete
from .reopening import reopen
from .returnn_process import ReturnnError, check_compiler, resolve_paths, run_returnn
from .unhashed import JobWithUnhashedArguments


class TrainingJob(JobWithUnhashedArguments):
    """
    Trains a network, checkpoint by checkpoint; goes on from the last complete one after any interruption.

    The job holds the network; its RETURNN config is written when it runs, for the device that it runs on.

    :param network: what to train, with at least one loss
    :param train_data: RETURNN dataset options for training, paths as ``tk.Path``
    :param dev_data: for the scores after each epoch
    :param config: hashed RETURNN options (optimizer, learning rates, batch sizes, ...)
    :param post_config: options that do not change the result (logging, threads); not hashed
    :param num_epochs: how long; not hashed: asking for more epochs goes on with the training that is there
    :param keep_epochs: checkpoints that are kept beside the last; default: all
    :param device: "cpu" or "gpu"; not hashed
    :param time_rqmt: hours; :param mem_rqmt: GB; :param cpu_rqmt: cores; not hashed
    :param log_verbosity: RETURNN's; not hashed
    """

    unhashed = (
        "post_config",
        "num_epochs",
        "keep_epochs",
        "device",
        "time_rqmt",
        "mem_rqmt",
        "cpu_rqmt",
        "log_verbosity",
    )

    def __init__(
        self,
        network: nn.Network,
        train_data: dict[str, Any],
        dev_data: dict[str, Any],
        *,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        num_epochs: int = 1,
        keep_epochs: set[int] | None = None,
        device: str = "cpu",
        time_rqmt: float = 4,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        _check_arguments(network, config or {}, post_config or {}, num_epochs, device)
        self.network = network
        self.train_data = train_data
        self.dev_data = dev_data
        self.config = config or {}
        self.post_config = post_config or {}
        self.num_epochs = num_epochs
        self.keep_epochs = keep_epochs
        self.device = device
        self.log_verbosity = log_verbosity

        self.out_returnn_config_file = self.output_path("returnn.config")
        self.out_learning_rates = self.output_path("learning_rates")
        self.out_model_dir = self.output_path("models", directory=True)
        self.out_log = self.output_path("returnn.log")
        self.out_checkpoints: dict[int, Checkpoint] = {}
        self._declare_checkpoints()

        self.rqmt = {"cpu": cpu_rqmt, "mem": mem_rqmt, "time": time_rqmt, "gpu": 1 if device == "gpu" else 0}

    def take_over(self, arguments: dict[str, Any]) -> tuple[str, ...]:
        """Where the same training is asked for again: a larger number of epochs, and all epochs that are to be kept."""
        taken = {"num_epochs", "keep_epochs"}
        if arguments["num_epochs"] < self.num_epochs:
            taken.remove("num_epochs")
        kept = arguments["keep_epochs"]
        self.keep_epochs = None if kept is None or self.keep_epochs is None else {*kept, *self.keep_epochs}
        if self.keep_epochs is not None:
            self.keep_epochs |= {self.num_epochs, arguments["num_epochs"]}
        self.num_epochs = max(self.num_epochs, arguments["num_epochs"])
        self._declare_checkpoints()
        return tuple(taken)

    def _declare_checkpoints(self) -> None:
        """Declares the checkpoints as outputs; a training that ended with fewer epochs goes on."""
        epochs = range(1, self.num_epochs + 1) if self.keep_epochs is None else {*self.keep_epochs, self.num_epochs}
        for epoch in sorted(set(epochs) - set(self.out_checkpoints)):
            self.out_checkpoints[epoch] = Checkpoint(self.output_path(f"models/epoch.{epoch:03d}.index"))
        job_dir = os.path.dirname(os.path.dirname(self.out_model_dir.get_path()))
        if not complete_epochs(self.out_model_dir.get_path()) >= {self.num_epochs}:
            reopen(job_dir, f"{self.num_epochs} epochs are wanted")

    def tasks(self) -> Iterator[Task]:
        """One long task, which can be run again at any time."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Writes the config and runs RETURNN until all epochs are there.

        :raises ReturnnError: if RETURNN fails; its log stays in output/returnn.log
        """
        check_compiler(self.device)
        self._write_config()
        models = self.out_model_dir.get_path()
        remove_incomplete(models)
        _repair_learning_rates(self._learning_rates_in_work())
        for attempt in range(3):
            try:
                run_returnn(
                    self.out_returnn_config_file.get_path(),
                    log=self.out_log.get_path(),
                    device=self.device,
                )
                break
            except ReturnnError as error:
                if not self._drop_unreadable(models, error) or attempt == 2:
                    raise
        shutil.copyfile(self._learning_rates_in_work(), self.out_learning_rates.get_path() + ".part")
        os.replace(self.out_learning_rates.get_path() + ".part", self.out_learning_rates.get_path())
        self._check_done()

    def info(self) -> str | None:
        """Which epoch it is in and how far, with the scores of the last complete one."""
        done, within = self._progress()
        if not done and not within:
            return None
        text = f"epoch {min(done + 1, self.num_epochs)}/{self.num_epochs}"
        if within:
            text += f" ({within:.0%})"
        scores = read_scores(self._learning_rates_in_work()).get(done, {})
        return text + "".join(f", {key} {value:.4g}" for key, value in sorted(scores.items()) if key.startswith("dev_"))

    def completed_fraction(self) -> float | None:
        """Epochs done, with the part of the current one, of epochs wanted."""
        done, within = self._progress()
        return max(0.0, min(1.0, (done + within) / self.num_epochs))

    def path_available(self, path: tk.Path) -> bool:
        """Checkpoints are there as soon as their epoch is done."""
        if super().path_available(path):
            return True
        match = re.fullmatch(r".*/models/epoch\.(\d+)\.index", path.get_path())
        return match is not None and int(match[1]) in complete_epochs(self.out_model_dir.get_path())

    def _write_config(self) -> None:
        text = self.network.config_text(self.device, config=self._options())
        path = self.out_returnn_config_file.get_path()
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(path + ".part", path)

    def _options(self) -> dict[str, Any]:
        return {
            "task": "train",
            "device": self.device,
            "train": resolve_paths(self.train_data),
            "dev": resolve_paths(self.dev_data),
            **resolve_paths(self.config),
            "num_epochs": self.num_epochs,
            "save_interval": 1,
            "cleanup_old_models": False,
            "model": os.path.join(self.out_model_dir.get_path(), "epoch"),
            "learning_rate_file": self._learning_rates_in_work(),
            "log_verbosity": self.log_verbosity,
            "tf_log_dir": None,
            "tf_log_memory_usage": False,
            **resolve_paths(self.post_config),
        }

    def _learning_rates_in_work(self) -> str:
        job_dir = os.path.dirname(os.path.dirname(self.out_model_dir.get_path()))
        return os.path.join(job_dir, "work", "learning_rates")

    def _progress(self) -> tuple[int, float]:
        """The last epoch with a checkpoint, and how much of the next one is done by the end of the log."""
        epochs = complete_epochs(self.out_model_dir.get_path())
        done = max(epochs) if epochs else 0
        try:
            with open(self.out_log.get_path(), "rb") as file:
                file.seek(max(0, os.path.getsize(self.out_log.get_path()) - 4000))
                tail = file.read().decode(errors="replace")
        except OSError:
            return done, 0.0
        steps = re.findall(r"train epoch (\d+), .*complete ([\d.]+)%", tail)
        if not steps or int(steps[-1][0]) != done + 1:
            return done, 0.0
        return done, float(steps[-1][1]) / 100

    def _drop_unreadable(self, models: str, error: ReturnnError) -> bool:
        """Removes the newest checkpoint if RETURNN could not read it; says whether there was one to remove."""
        epochs = complete_epochs(models)
        if not epochs or not error.is_unreadable_checkpoint:
            return False
        newest = max(epochs)
        print(f"the checkpoint of epoch {newest} cannot be read; it is removed, training goes on from the one before")
        Checkpoint.remove(models, newest)
        return True

    def _check_done(self) -> None:
        missing = [
            epoch for epoch in self.out_checkpoints if epoch not in complete_epochs(self.out_model_dir.get_path())
        ]
        if missing:
            raise ReturnnError(f"RETURNN ended well, but the checkpoints of the epochs {missing} are not there")
        if self.keep_epochs is not None:
            for epoch in complete_epochs(self.out_model_dir.get_path()):
                if epoch not in self.out_checkpoints:
                    Checkpoint.remove(self.out_model_dir.get_path(), epoch)


def read_scores(learning_rates: str) -> dict[int, dict[str, float]]:
    """The scores by epoch from RETURNN's learning-rate file; empty if there is none or it is cut short."""
    from .learning_rates import read_learning_rates

    try:
        return {epoch: data.scores for epoch, data in read_learning_rates(learning_rates).items()}
    except (OSError, ValueError):
        return {}


def _repair_learning_rates(path: str) -> None:
    """A learning-rate file that was cut short is put aside: RETURNN would stop at it."""
    from .learning_rates import read_learning_rates

    if not os.path.exists(path):
        return
    try:
        read_learning_rates(path)
    except ValueError as error:
        print(f"the learning-rate file is damaged ({error}); it is put aside and its history is lost")
        os.replace(path, path + ".damaged")


def _check_arguments(
    network: nn.Network, config: dict[str, Any], post_config: dict[str, Any], num_epochs: int, device: str
) -> None:
    if not network.losses:
        raise ValueError("the network to train has no loss: call tensor.mark_as_loss() in the model")
    if device not in ("cpu", "gpu"):
        raise ValueError(f'device is "cpu" or "gpu", not {device!r}')
    if num_epochs < 1:
        raise ValueError(f"num_epochs must be at least 1, not {num_epochs}")
    both = sorted(set(config) & set(post_config))
    if both:
        raise ValueError(f"these options stand in config and in post_config: {', '.join(both)}")
    own = sorted({"network", "extern_data", "model", "task", "train", "dev", "num_epochs"} & {*config, *post_config})
    if own:
        raise ValueError(f"these options are set by the job itself and cannot stand in the config: {', '.join(own)}")
