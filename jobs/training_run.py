"""One run of RETURNN that goes on with a training: its config, what is checked before, what is done when it fails."""

from __future__ import annotations

import math
import os
from typing import Any

from .atomic_file import write_text
from .checkpoint import check_room
from .checkpoint_files import remove_incomplete
from .dataset_inputs import check_files, check_inputs
from .directory_holder import DirectoryHolder
from .distributed import launcher
from .engine_options import options_after, options_before
from .engines import check_engine_is_installed
from .learning_rates import put_aside_if_damaged
from .preload import preload_options
from .returnn_errors import ReturnnError
from .returnn_process import check_device, resolve_paths, run_returnn
from .tensorboard_writer import LOG_OPTIONS, check_tensorboard_is_installed
from .training_checkpoints import check_done, check_goes_on, drop_unreadable
from .training_progress import read_scores
from .training_watch import TrainingWatch

_ATTEMPTS = 3
"""How often it starts in one run; anew where the checkpoint that it was to go on with turns out to be unreadable."""


class TrainingRun:
    """
    Trains until all epochs are there, from the last complete one on.

    :param job: a :class:`jobs.training.TrainingJob`
    """

    def __init__(self, job: Any):
        self.job = job

    def train(self, holder: DirectoryHolder) -> None:
        """
        Checks what can be checked before, writes the config and runs RETURNN.

        :param holder: that of the job's directory
        :raises ReturnnError: if RETURNN fails
        """
        job = self.job
        self._check()
        models, rates = job.out_model_dir.get_path(), job.out_learning_rates.get_path()
        num_params = sum(math.prod(parameter.shape) for parameter in job.network.parameters.values())
        job.out_num_params.set(num_params)
        check_room(models, num_params)
        put_aside_if_damaged(rates)
        gone = check_goes_on(models, rates, job.job_id())
        self.write_config()
        remove_incomplete(models)
        watch = TrainingWatch(job)
        self._run_returnn(watch, holder)
        watch.end()
        check_done(models, set(job.out_checkpoints) - gone, job.keep_rules, read_scores(rates))

    def write_config(self) -> None:
        """Writes RETURNN's config for the device and the engine of the job."""
        job = self.job
        text = job.network.config_text(job.device, engine=job.engine, config=self.options())
        write_text(job.out_returnn_config_file, text)

    def options(self) -> dict[str, Any]:
        """All options of RETURNN but the network, with plain paths."""
        job = self.job
        config, post_config = resolve_paths(job.config), resolve_paths(job.post_config)
        options, is_distributed = {**config, **post_config}, job.horovod_num_processes is not None
        return {
            "task": "train",
            "device": job.device,
            "train": resolve_paths(job.train_data),
            "dev": resolve_paths(job.dev_data),
            **preload_options(job.preload, job.network),
            **options_before(job.engine, job.device),
            **(LOG_OPTIONS if job.out_tensorboard is not None else {}),
            **config,
            **options_after(job.engine, job.device, options, job.network, is_distributed=is_distributed),
            "num_epochs": job.num_epochs,
            "save_interval": 1,
            "cleanup_old_models": job.keep_rules.returnn_option(),
            "model": os.path.join(job.out_model_dir.get_path(), "epoch"),
            "learning_rate_file": job.out_learning_rates.get_path(),
            "log_verbosity": job.log_verbosity,
            **({"tf_log_dir": None, "tf_log_memory_usage": False} if job.engine == "tensorflow" else {}),
            **post_config,
        }

    def _check(self) -> None:
        job = self.job
        check_engine_is_installed(job.engine)
        if job.out_tensorboard is not None:
            check_tensorboard_is_installed()
        check_device(job.device, job.engine)
        for item in job.undecided_sizes:
            item.check()
        for name, dataset in (("train_data", job.train_data), ("dev_data", job.dev_data)):
            check_inputs(job.networks(), dataset, name)
            check_files(job.networks(), dataset, name)

    def _run_returnn(self, watch: TrainingWatch, holder: DirectoryHolder) -> None:
        job = self.job
        command = launcher(job.engine, job.horovod_num_processes, job.multi_node_slots)
        options: dict[str, Any] = {"device": job.device, "engine": job.engine, "threads": job.cpu_rqmt}
        config, log = job.out_returnn_config_file.get_path(), job.out_log.get_path()
        for attempt in range(_ATTEMPTS):
            try:
                run_returnn(config, log=log, launcher=command, watch=watch, holder=holder, **options)
                return
            except ReturnnError as error:
                if not drop_unreadable(job.out_model_dir.get_path(), error) or attempt == _ATTEMPTS - 1:
                    raise
