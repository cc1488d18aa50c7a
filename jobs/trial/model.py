"""A search of the setup with what it needs to be run on other input: network, parameters, names of the labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy
from sisyphus import tk

from jobs.checkpoint_values import read_checkpoint
from jobs.hypotheses import Hypothesis
from jobs.inspection.saved_job import InspectionError, SavedJob
from jobs.search import SearchJob
from jobs.selected_network import resolve_network
from recipe import nn
from recipe.nn.debugging.engines import chosen_engines


class TrainedModel:
    """
    The network and the parameters of a search.

    :param job: the search, as its engine loads it
    :raises InspectionError: if its checkpoint is not there
    """

    def __init__(self, job: SearchJob):
        self.network: nn.Network = resolve_network(job.network)
        try:
            job.model_checkpoint.check_exists()
        except FileNotFoundError as error:
            raise InspectionError(str(error)) from error
        self.parameters = read_checkpoint(job.model_checkpoint)
        dim = dict(self.network.outputs)["output"].sparse_dim
        assert dim is not None and dim.labels is not None, "the search job has looked"
        self.labels = dim.labels

    def search(self, feeds: Mapping[str, Any], engine: str = "numpy") -> list[list[Hypothesis]]:
        """
        All hypotheses of each sequence of a batch, best first.

        :param engine: "numpy", "tensorflow" or "torch"
        """
        rows, lengths, scores = self._in_numpy(feeds) if engine == "numpy" else self._in_engine(feeds, engine)
        found = []
        for number, of_beam in enumerate(scores):
            first = number * len(of_beam)
            items = [
                Hypothesis(tuple(self.labels[label] for label in rows[row][: lengths[row]]), float(score))
                for row, score in enumerate(of_beam, first)
            ]
            found.append(sorted(items, key=lambda item: -item.score))
        return found

    def _in_numpy(self, feeds: Mapping[str, Any]) -> tuple[numpy.ndarray, list[int], numpy.ndarray]:
        run = nn.run_numpy(self.network, feeds, self.parameters)
        result = run.outputs["output"]
        assert run.beam_scores is not None
        names = ["batch" if dim.is_batch else dim.name for dim in result.dims]
        return (*_rows(result.value, names, list(result.lengths.values()), run.beam_scores), run.beam_scores)

    def _in_engine(self, feeds: Mapping[str, Any], name: str) -> tuple[numpy.ndarray, list[int], numpy.ndarray]:
        (engine,) = chosen_engines([name])
        if engine.missing():
            raise InspectionError(f'{engine.title} is not installed: pip install ".[{name}]"')
        with engine.built(self.network) as built:
            built.set_parameters(self.parameters)
            run = built.run(feeds)
        value = run.outputs["output"]
        assert run.beam_scores is not None
        return (*_rows(value.value, value.dims, list(value.lengths.values()), run.beam_scores), run.beam_scores)


def _rows(
    value: numpy.ndarray, dims: list[str], lengths: list[numpy.ndarray], scores: numpy.ndarray
) -> tuple[numpy.ndarray, list[int]]:
    """Labels with a row for each hypothesis, and how many of each row count; single labels are sequences of one."""
    rows = numpy.moveaxis(value, dims.index("batch"), 0).reshape(scores.size, -1)
    return rows, [int(one) for one in lengths[0]] if lengths else [rows.shape[1]] * len(rows)


def load_search(job: SavedJob) -> SearchJob:
    """
    A search as its engine saved it. Unlike looking at a saved job, this imports what it names.

    :raises InspectionError: if it is no search, or its code is not there any more
    """
    if job.class_name.rpartition(".")[2] != "SearchJob":
        raise InspectionError(f"{job.job_id} is no search: give a SearchJob, or the experiment that has one")
    try:
        loaded = tk.load_job(job.directory)
    except (AttributeError, ImportError) as error:
        raise InspectionError(f"the network of {job.job_id} cannot be loaded, its code has changed: {error}") from error
    assert isinstance(loaded, SearchJob)
    return loaded
