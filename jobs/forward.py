"""The job that runs a trained network over data and keeps its outputs as HDF files."""

from __future__ import annotations

import os
from typing import Any

from recipe import nn
from recipe.nn.plain.layer_names import layer_of_output

from .callback import Callback
from .checkpoint import Checkpoint
from .model_job import ModelJob
from .returnn_process import resolve_paths
from .selected_network import SelectedNetwork, all_networks, resolve_network


class ForwardJob(ModelJob):
    """
    All outputs of a network for each sequence of a dataset.

    ``out_hdf_files`` has an HDF file for each output by its name, with ``/`` written as ``.``, which RETURNN's
    HDFDataset reads: ``inputs``, ``seqLengths``, ``seqTags``. An output without time axis has one frame a sequence.

    :param network: recorded without search; what the model returned are its outputs
    :param model_checkpoint: the parameters
    :param forward_data: RETURNN dataset options, paths as ``tk.Path``
    :param config: hashed RETURNN options (``batch_size``, ``max_seqs``, ...)

    For the other parameters see :class:`jobs.model_job.ModelJob`.
    """

    returnn_options = (*ModelJob.returnn_options, "forward_data")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        forward_data: dict[str, Any],
        *,
        engine: str | None = None,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        device: str = "cpu",
        time_rqmt: float = 1,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
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
        self.check_data(forward_data, "forward_data")
        self.forward_data = forward_data
        names = {name for one in all_networks(network) for name, _ in one.outputs}

        self.out_hdf_files = {name: self.output_path(f"{name.replace('/', '.')}.hdf") for name in sorted(names)}

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if it has no output, or searches
        """
        if not network.outputs:
            raise ValueError("the network has no output to keep: return tensors from the model")
        if network.beam_sizes:
            raise ValueError("the network searches, so it has hypotheses, not outputs: use SearchJob")

    def work(self) -> None:
        """
        Runs RETURNN.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        files = {name: self.work_file(f"{number}.hdf") for number, name in enumerate(self.out_hdf_files)}
        if self.engine == "torch":
            network = resolve_network(self.network)
            callback = Callback("hdf", "HdfWriter", [files])
            self.run_callback(network.giving(network.outputs), self.forward_data, callback)
        else:
            self._run_tensorflow(files)
        for name, path in self.out_hdf_files.items():
            os.replace(files[name], path.get_path())

    def _run_tensorflow(self, files: dict[str, str]) -> None:
        outputs = {name: tensor for one in all_networks(self.network) for name, tensor in one.outputs}
        layers: dict[str, dict[str, Any]] = {}
        for number, name in enumerate(self.out_hdf_files):
            dump: dict[str, Any] = {"class": "hdf_dump", "from": layer_of_output(name), "filename": files[name]}
            dump["is_output_layer"] = True
            if not any(dim.is_dynamic for dim in outputs[name].dims):
                layers[f"hdf_{number}_frame"] = {"class": "expand_dims", "from": dump["from"], "axis": "spatial"}
                dump["from"] = f"hdf_{number}_frame"
            layers[f"hdf_{number}"] = dump
        options = forward_options(self.forward_data, self.batch_size, next(iter(layers)), self.work_file("all.hdf"))
        self.run_model(options, layers=layers)


def forward_options(data: dict[str, Any], batch_size: int, layer: str, hdf: str) -> dict[str, Any]:
    """
    RETURNN's options for a pass over data in which layers of class ``hdf_dump`` write what is wanted.

    RETURNN also writes one layer itself.

    :param data: the dataset
    :param batch_size: frames
    :param layer: which layer
    :param hdf: into which file
    """
    return {
        "task": "forward",
        "eval": resolve_paths(data),
        "forward_batch_size": batch_size,
        "forward_output_layer": layer,
        "output_file": hdf,
    }
