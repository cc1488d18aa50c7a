"""The job that computes a prior: the mean of a network's label probabilities over data."""

from __future__ import annotations

import os
from typing import Any

import numpy

from recipe import nn

from .atomic_file import write_json
from .callback import Callback
from .checkpoint import Checkpoint
from .model_job import ModelJob
from .returnn_process import resolve_paths
from .selected_network import SelectedNetwork, resolve_network

_TO_PROBABILITIES: dict[str, dict[str, str]] = {
    "logits": {"class": "activation", "activation": "softmax"},
    "log_prob": {"class": "activation", "activation": "exp"},
    "prob": {"class": "copy"},
}
"""The layers of RETURNN on TensorFlow, by what the scores are."""


class PriorJob(ModelJob):
    """
    The prior of the labels: the mean of their probabilities over all frames.

    - ``out_prior_txt_file``: log-probabilities, one a line, as RETURNN and RASR read them
    - ``out_prior_json_file``: probabilities by label, where the labels have names, else by index

    :param network: recorded without search; its output ``output`` are scores [batch, time, labels]
    :param model_checkpoint: the parameters
    :param prior_data: RETURNN dataset options, paths as ``tk.Path``
    :param input_type: what the scores are, as for ``nn.choice``: "logits", "log_prob" or "prob"
    :param config: hashed RETURNN options (``batch_size``, ``max_seqs``, ...)

    For the other parameters see :class:`jobs.model_job.ModelJob`.
    """

    returnn_options = (*ModelJob.returnn_options, "prior_data")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        prior_data: dict[str, Any],
        *,
        input_type: str = "logits",
        engine: str | None = None,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        device: str = "cpu",
        time_rqmt: float = 1,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        if input_type not in _TO_PROBABILITIES:
            raise ValueError(f"input_type is one of {', '.join(_TO_PROBABILITIES)}, not {input_type!r}")
        super().__init__(
            network,
            model_checkpoint,
            engine=engine,
            config=config,
            post_config=post_config,
            device=device,
            time_rqmt=time_rqmt,
            mem_rqmt=mem_rqmt,
            cpu_rqmt=cpu_rqmt,
            log_verbosity=log_verbosity,
        )
        self.check_data(prior_data, "prior_data")
        self.prior_data = prior_data
        self.input_type = input_type

        self.out_prior_txt_file = self.output_path("prior.txt")
        self.out_prior_json_file = self.output_path("prior.json")

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if its output are no scores of labels
        """
        output = dict(network.outputs).get("output")
        if output is None or output.sparse_dim is not None or network.beam_sizes:
            raise ValueError(
                "a prior is computed from the output of a network without search that returns scores of labels "
                f"[batch, time, labels]; this one has {dict(network.outputs)}"
            )

    def work(self) -> None:
        """
        Runs RETURNN.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        found = self.work_file("prior.txt")
        if self.engine == "torch":
            self._run_torch(found)
        else:
            self._run_tensorflow(found)
        prior = numpy.exp(numpy.loadtxt(found, ndmin=1))
        labels = dict(resolve_network(self.network).outputs)["output"].feature_dim.labels
        names = labels if labels is not None else [str(index) for index in range(len(prior))]
        write_json(self.out_prior_json_file, {name: float(value) for name, value in zip(names, prior)})
        os.replace(found, self.out_prior_txt_file.get_path())

    def _run_torch(self, path: str) -> None:
        network = resolve_network(self.network)
        output = dict(network.outputs)["output"]
        axis = [dim for dim in output.dims if not dim.is_batch].index(output.feature_dim)
        callback = Callback("prior", "PriorWriter", [path, self.input_type, axis])
        self.run_callback(network.giving([("output", output)]), self.prior_data, callback)

    def _run_tensorflow(self, path: str) -> None:
        layer = {**_TO_PROBABILITIES[self.input_type], "from": "output", "is_output_layer": True}
        options = {
            "task": "compute_priors",
            "train": resolve_paths(self.prior_data),
            "forward_output_layer": "probabilities",
            "output_file": path,
        }
        self.run_model(options, layers={"probabilities": layer})
