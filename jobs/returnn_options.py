"""The options of RETURNN that users give to a job: hashed ones, others, and those that are the job's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from .options.batches import check_batches
from .options.datasets import check_dataset
from .options.names import check_names
from .options.optimizers import check_optimizer


def check_options(
    config: Mapping[str, Any],
    post_config: Mapping[str, Any],
    device: str,
    own: Collection[str],
    *,
    training_engine: str | None = None,
    datasets: Mapping[str, Any] | None = None,
) -> None:
    """
    Finds out, when the graph is written, that options contradict each other, or that RETURNN does not know them.

    :param config: hashed ones
    :param post_config: those that are not hashed
    :param device: what the job is to run on
    :param own: names of options that the job sets itself
    :param training_engine: of a training, whose optimizer is looked at
    :param datasets: RETURNN dataset options, by the job's name for them
    :raises ValueError: for an option in both, one of the job's own, a device that there is not, and names that RETURNN
        does not know: of options, of an optimizer or a dataset, of their arguments
    :raises TypeError: for an option that is another kind of value
    """
    if device not in ("cpu", "gpu"):
        raise ValueError(f'device is "cpu" or "gpu", not {device!r}')
    both = sorted(set(config) & set(post_config))
    if both:
        raise ValueError(f"these options stand in config and in post_config: {', '.join(both)}")
    wrong = sorted(set(own) & {*config, *post_config})
    if wrong:
        raise ValueError(f"these options are set by the job itself and cannot stand in the config: {', '.join(wrong)}")
    options = {**config, **post_config}
    check_names(options)
    if training_engine is not None:
        check_optimizer(options, training_engine)
    check_batches(options)
    for name, dataset in (datasets or {}).items():
        check_dataset(dataset, name)
