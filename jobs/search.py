"""The job that searches: the best label sequences for each input sequence."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from typing import Any

from recipe import nn

from .callback import Callback
from .checkpoint import Checkpoint
from .dataset_lengths import sequence_lengths
from .hypotheses import Hypothesis, read_hypotheses, write_hypotheses
from .learning_rates import literal
from .model_job import ModelJob
from .returnn_process import resolve_paths
from .selected_network import SelectedNetwork, resolve_network
from .transcripts import write_ctm, write_trn


class SearchJob(ModelJob):
    """
    Beam search with a trained network.

    - ``out_hypotheses``: JSON lines with all hypotheses of the beam and their scores, best first
    - ``out_trn``, ``out_ctm``: the best ones in the formats of NIST's tools
    - ``out_search_time``: seconds that RETURNN searched, without its start; ``out_beam_size``
    - ``out_rtf``: the real-time factor, if ``seconds_per_frame`` is given

    :param network: recorded with ``search=nn.BeamSearch(...)``; its output ``output`` are the labels
    :param model_checkpoint: the parameters
    :param search_data: RETURNN dataset options, paths as ``tk.Path``
    :param seconds_per_frame: of the stream ``data``: gives times to CTM and the real-time factor. Default: the data
        have no time
    :param config: hashed RETURNN options (batch sizes, ...)

    For the other parameters see :class:`jobs.model_job.ModelJob`.
    """

    __sis_hash_exclude__ = {"seconds_per_frame": None}
    returnn_options = (*ModelJob.returnn_options, "search_data")

    def __init__(
        self,
        network: nn.Network | SelectedNetwork,
        model_checkpoint: Checkpoint,
        search_data: dict[str, Any],
        *,
        seconds_per_frame: float | None = None,
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
        self.check_data(search_data, "search_data")
        self.search_data = search_data
        self.seconds_per_frame = seconds_per_frame

        self.out_hypotheses = self.output_path("hypotheses.jsonl")
        self.out_trn = self.output_path("best.trn")
        self.out_ctm = self.output_path("best.ctm")
        self.out_num_seqs = self.output_var("num_seqs")
        self.out_beam_size = self.output_var("beam_size")
        self.out_search_time = self.output_var("search_time")
        self.out_rtf = self.output_var("rtf")

    @staticmethod
    def check_network(network: nn.Network) -> None:
        """
        :raises ValueError: if it makes no choice by search, or its output has no labels to print
        """
        if not network.beam_sizes:
            raise ValueError(
                "the network to search with makes no choice by search: record it with search=nn.BeamSearch(...)"
            )
        outputs = dict(network.outputs)
        if "output" not in outputs or outputs["output"].sparse_dim is None:
            raise ValueError(f"the network to search with needs labels as its output, but it has {outputs}")
        axes = [axis for axis in outputs["output"].dims if not axis.is_batch]
        if len(axes) > 1:
            raise ValueError(
                f"the network to search with needs sequences of labels as its output, not {outputs['output']}"
            )
        dim = outputs["output"].sparse_dim
        if not dim.has_labels:
            raise ValueError(f"the labels {dim} have no names to print: use nn.Dim(..., labels=[...])")
        if dim.delayed_labels is not None:
            return
        spaced = [label for label in dim.labels or () if not label or re.search(r"\s", label)]
        if spaced:
            raise ValueError(f"labels are printed with spaces between them, so {spaced[0]!r} cannot be one")

    def work(self) -> None:
        """
        Searches with RETURNN, then writes what was found.

        :raises FileNotFoundError: if the checkpoint is not there
        :raises ReturnnError: if RETURNN fails
        :raises ValueError: if it found nothing for a sequence of the data
        """
        log, start = self.out_log.get_path(), 0
        if os.path.exists(log):
            start = os.path.getsize(log)
        hypotheses = self._search_by_torch() if self.engine == "torch" else self._search_by_tensorflow()
        with open(log, "rb") as file:
            file.seek(start)
            seconds = search_seconds(file.read().decode(errors="replace"))
        durations = self._durations(hypotheses)
        self._write(hypotheses, durations)
        self.out_num_seqs.set(len(hypotheses))
        self.out_beam_size.set(max((len(items) for items in hypotheses.values()), default=0))
        self.out_search_time.set(seconds)
        self.out_rtf.set(seconds / sum(durations.values()) if durations and seconds is not None else None)

    def _search_by_torch(self) -> dict[str, list[Hypothesis]]:
        found = self.work_file("search_output.jsonl")
        network = resolve_network(self.network)
        program = network.giving([("output", dict(network.outputs)["output"])])
        self.run_callback(
            program, self.search_data, Callback("hypotheses", "HypothesesWriter", [found]), in_order=False
        )
        return read_hypotheses(found)

    def _search_by_tensorflow(self) -> dict[str, list[Hypothesis]]:
        found = self.work_file("search_output.py")
        self.run_model(
            {
                "task": "search",
                "search_data": resolve_paths(self.search_data),
                "search_output_layer": "output",
                "search_do_eval": False,
                "search_output_file": found,
                "search_output_file_format": "py",
            }
        )
        return _read_found(found)

    def _durations(self, hypotheses: Mapping[str, list[Hypothesis]]) -> dict[str, float] | None:
        if self.seconds_per_frame is None:
            return None
        lengths = sequence_lengths(resolve_paths(self.search_data))
        missing = sorted(set(lengths) - set(hypotheses))
        if missing:
            raise ValueError(f"RETURNN found nothing for {len(missing)} sequences of the data, as {missing[0]!r}")
        return {tag: self.seconds_per_frame * length for tag, length in lengths.items()}

    def _write(self, hypotheses: Mapping[str, list[Hypothesis]], durations: dict[str, float] | None) -> None:
        best = {tag: items[0].labels if items else () for tag, items in hypotheses.items()}
        write_trn(self.out_trn, {tag: [labels] for tag, labels in best.items()})
        write_ctm(self.out_ctm, best, durations)
        write_hypotheses(self.out_hypotheses, hypotheses)


def search_seconds(log: str) -> float | None:
    """
    How long RETURNN computed, by its log: the sum over all steps where it shows them, else the time of the whole pass.

    :param log: what it wrote in this run
    :return: None if the log says nothing of it
    """
    steps = re.findall(r"(?:search|forward), step \d+, .*?([\d.]+) sec/step", log)
    if steps:
        return round(sum(map(float, steps)), 3)
    passes = re.findall(r"(?:search, finished after|Forward) \d+ steps, (\d+):(\d+):(\d+) elapsed", log)
    if not passes:
        return None
    hours, minutes, seconds = map(int, passes[-1])
    return 3600.0 * hours + 60 * minutes + seconds


def _read_found(path: str) -> dict[str, list[Hypothesis]]:
    with open(path, encoding="utf-8") as file:
        entries = literal(ast.parse(file.read().strip(), mode="eval").body)
    return {
        tag: [Hypothesis(tuple(text.split()), float(score)) for score, text in items] for tag, items in entries.items()
    }
