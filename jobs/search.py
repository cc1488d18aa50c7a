"""The job that searches: the best label sequences for each input sequence."""

from __future__ import annotations

import ast
import json
import os
from collections.abc import Iterator
from typing import Any

from sisyphus import Task

from recipe import nn

from .checkpoint import Checkpoint
from .learning_rates import literal
from .returnn_process import check_compiler, resolve_paths, run_returnn
from .unhashed import JobWithUnhashedArguments


class SearchJob(JobWithUnhashedArguments):
    """
    Beam search with a trained network.

    :param network: recorded with ``search=nn.BeamSearch(...)``; its output ``output`` are the labels
    :param model_checkpoint: the parameters
    :param search_data: RETURNN dataset options, paths as ``tk.Path``
    :param config: hashed RETURNN options (batch sizes, ...)
    :param post_config: options that do not change the result; not hashed
    :param device: "cpu" or "gpu"; not hashed
    :param time_rqmt: hours; :param mem_rqmt: GB; :param cpu_rqmt: cores; not hashed
    :param log_verbosity: RETURNN's; not hashed
    """

    unhashed = ("post_config", "device", "time_rqmt", "mem_rqmt", "cpu_rqmt", "log_verbosity")

    def __init__(
        self,
        network: nn.Network,
        model_checkpoint: Checkpoint,
        search_data: dict[str, Any],
        *,
        config: dict[str, Any] | None = None,
        post_config: dict[str, Any] | None = None,
        device: str = "cpu",
        time_rqmt: float = 1,
        mem_rqmt: float = 4,
        cpu_rqmt: int = 2,
        log_verbosity: int = 5,
    ):
        _check_network(network)
        self.network = network
        self.model_checkpoint = model_checkpoint
        self.search_data = search_data
        self.config = config or {}
        self.post_config = post_config or {}
        self.device = device
        self.log_verbosity = log_verbosity

        self.out_returnn_config_file = self.output_path("returnn.config")
        self.out_hypotheses = self.output_path("hypotheses.jsonl")
        self.out_log = self.output_path("returnn.log")

        self.rqmt = {"cpu": cpu_rqmt, "mem": mem_rqmt, "time": time_rqmt, "gpu": 1 if device == "gpu" else 0}

    @classmethod
    def hash(cls, parsed_args: dict[str, Any]) -> str:
        """Of everything that changes the result."""
        return super().hash({**parsed_args, "model_checkpoint": parsed_args["model_checkpoint"].path})

    def tasks(self) -> Iterator[Task]:
        """One task, which can be run again at any time."""
        yield Task("run", resume="run", rqmt=self.rqmt)

    def run(self) -> None:
        """
        Searches with RETURNN, then writes one JSON object a line::

            {"seq_tag": "cat", "hypotheses": [{"labels": ["K", "AE", "T"], "score": -0.02}, ...]}

        best hypothesis first.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        """
        if not self.model_checkpoint.exists():
            raise FileNotFoundError(f"checkpoint {self.model_checkpoint.prefix()} is not there or not complete")
        check_compiler(self.device)
        found = os.path.abspath("search_output.py")
        if os.path.exists(found):
            os.remove(found)
        path = self.out_returnn_config_file.get_path()
        with open(path + ".part", "w", encoding="utf-8") as file:
            file.write(self.network.config_text(self.device, config=self._options(found)))
        os.replace(path + ".part", path)
        run_returnn(path, log=self.out_log.get_path(), device=self.device)
        self._write_hypotheses(found)

    def _options(self, found: str) -> dict[str, Any]:
        return {
            "task": "search",
            "device": self.device,
            "search_data": resolve_paths(self.search_data),
            **resolve_paths(self.config),
            "load": self.model_checkpoint.prefix(),
            "search_output_layer": "output",
            "search_do_eval": False,
            "search_output_file": found,
            "search_output_file_format": "py",
            "log_verbosity": self.log_verbosity,
            "tf_log_dir": None,
            "tf_log_memory_usage": False,
            **resolve_paths(self.post_config),
        }

    def _write_hypotheses(self, found: str) -> None:
        with open(found, encoding="utf-8") as file:
            entries = literal(ast.parse(file.read().strip(), mode="eval").body)
        path = self.out_hypotheses.get_path()
        with open(path + ".part", "w", encoding="utf-8") as file:
            for tag in sorted(entries):
                hypotheses = [{"labels": text.split(), "score": float(score)} for score, text in entries[tag]]
                file.write(json.dumps({"seq_tag": tag, "hypotheses": hypotheses}, ensure_ascii=False) + "\n")
        os.replace(path + ".part", path)


def _check_network(network: nn.Network) -> None:
    if not network.beam_sizes:
        raise ValueError(
            "the network to search with makes no choice by search: record it with search=nn.BeamSearch(...)"
        )
    outputs = dict(network.outputs)
    if "output" not in outputs or outputs["output"].sparse_dim is None:
        raise ValueError(f"the network to search with needs labels as its output, but it has {outputs}")
    if not outputs["output"].sparse_dim.has_labels:
        raise ValueError(
            f"the labels {outputs['output'].sparse_dim} have no names to print: use nn.Dim(..., labels=[...])"
        )
