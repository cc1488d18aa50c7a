"""Recognition while a training goes on: checkpoint by checkpoint as they come, best and averaged ones, one summary."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from sisyphus import tk

from .checkpoint import Checkpoint
from .table_report import LiveTable, TableReportJob
from .training import TrainingJob

Recognize = Callable[[str, Checkpoint], Mapping[str, tk.Variable]]
"""From a name for aliases and a checkpoint to the error rates by part of the data: search and scoring jobs."""


class Recognition(NamedTuple):
    """
    :ivar checkpoints: all that are recognised, by name
    :ivar summary: the table, and the best row, when all are done
    :ivar live: the table of what is there, for ``tk.register_report``
    """

    checkpoints: dict[str, Checkpoint]
    summary: TableReportJob
    live: LiveTable


def recognize_checkpoints(
    training: TrainingJob,
    recognize: Recognize,
    *,
    epochs: Iterable[int] | None = None,
    best: Iterable[str] = (),
    average_of_last: Iterable[int] = (),
    average_of_best: Mapping[str, int] | None = None,
    best_by: str | None = None,
) -> Recognition:
    """
    Searches and scores checkpoints of a training.

    All jobs are in the graph from the start, and those of an epoch run as soon as its checkpoint is there, while the
    training goes on; so nothing has to be looked up or added while the manager runs.

    :param training: of which the checkpoints are
    :param recognize: the graph from a checkpoint to error rates
    :param epochs: those to recognise; default: all that the training keeps
    :param best: keys of scores, as ``dev_score``: the best checkpoint by each
    :param average_of_last: numbers of last epochs to average
    :param average_of_best: numbers of best epochs to average, by key
    :param best_by: part of the data by which the summary says which is best; default: the first one
    :raises ValueError: for an epoch that the training does not keep
    """
    checkpoints: dict[str, Checkpoint] = {}
    for epoch in sorted(training.out_checkpoints if epochs is None else set(epochs)):
        if epoch not in training.out_checkpoints:
            kept = ", ".join(map(str, training.out_checkpoints))
            raise ValueError(f"the training keeps no checkpoint of epoch {epoch} for sure; it keeps: {kept}")
        checkpoints[f"epoch_{epoch:03d}"] = training.out_checkpoints[epoch]
    for key in best:
        checkpoints[f"best_{key}"] = training.best_checkpoint(key)
    for number in average_of_last:
        checkpoints[f"average_of_last_{number}"] = training.average_of_last(number)
    for key, number in (average_of_best or {}).items():
        checkpoints[f"average_of_best_{number}_{key}"] = training.average_of_best(key, number)
    results = {name: dict(recognize(name, checkpoint)) for name, checkpoint in checkpoints.items()}
    return Recognition(
        checkpoints,
        TableReportJob(results, best_by=best_by, title="checkpoint"),
        LiveTable(results, title="checkpoint"),
    )
