"""Programs that are split, compared with what they were before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from recipe import nn
from recipe.nn.passes.fission import fission
from recipe.nn.program.program import Program

from ...agreement import random_parameters
from ...inputs import FEEDS
from ..same_results import check_same_results


def split(
    model: nn.Network | nn.Module | Callable[[], Any], feeds: Mapping[str, Any] = FEEDS, **kwargs: Any
) -> Program:
    """
    Loop fission of a model.

    :raises AssertionError: if it computes something else then
    """
    network = model if isinstance(model, nn.Network) else nn.Network(model, **kwargs)
    after = fission(network)
    check_same_results(network, after, feeds, random_parameters(network))
    return after


def steps(program: Program) -> list[str]:
    """The names of the ops in all loops, in their order."""
    return [op.name for op in program.all_ops() if op.body.loop is not None]


def names(program: Program) -> list[str]:
    """The names of all ops outside of loops, in their order."""
    return [op.name for op in program.all_ops() if op.body.loop is None]
