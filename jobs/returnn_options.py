"""The options of RETURNN that users give to a job: hashed ones, others, and those that are the job's own."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any


def check_options(config: Mapping[str, Any], post_config: Mapping[str, Any], device: str, own: Collection[str]) -> None:
    """
    Finds out, when the graph is written, that options contradict each other.

    :param config: hashed ones
    :param post_config: those that are not hashed
    :param device: what the job is to run on
    :param own: names of options that the job sets itself
    :raises ValueError: for an option in both, one of the job's own, or a device that there is not
    """
    if device not in ("cpu", "gpu"):
        raise ValueError(f'device is "cpu" or "gpu", not {device!r}')
    both = sorted(set(config) & set(post_config))
    if both:
        raise ValueError(f"these options stand in config and in post_config: {', '.join(both)}")
    wrong = sorted(set(own) & {*config, *post_config})
    if wrong:
        raise ValueError(f"these options are set by the job itself and cannot stand in the config: {', '.join(wrong)}")
