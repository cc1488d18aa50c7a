"""Runs a model of the discussion in NumPy and, as it is trained, in RETURNN: equal values, gradients everywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy

from recipe import nn
from recipe.nn.plain.structure import flatten

from ..agreement import Agreement, check_agreement
from ..inputs import FEEDS


def check_trained(
    model: nn.Module | Callable[..., Any], feeds: Mapping[str, Any] = FEEDS, *, rtol: float = 1e-4, **kwargs: Any
) -> Agreement:
    """
    Compares NumPy with RETURNN in training, and checks that the sum of squares of all results trains each parameter.

    :param model: returns a tensor or a structure of tensors, or marks losses itself
    :param feeds: as for ``nn.run_numpy``
    :param kwargs: passed on to the model
    :raises AssertionError: if values differ, or a parameter gets no gradient
    """

    def scored(**kwargs: Any) -> Any:
        result = model(**kwargs)
        for path, tensor in flatten(result):
            if isinstance(tensor, nn.Tensor) and tensor.dtype == "float32":
                (tensor * tensor).mark_as_loss(f"square_of_{path or 'output'}".replace("/", "_"))
        return result

    run = check_agreement(scored, feeds, train=True, gradients=True, rtol=rtol, **kwargs)
    gradients = run.in_returnn.gradients
    assert set(gradients) == set(run.network.parameters)
    untrained = [name for name, value in gradients.items() if value is None or not numpy.abs(value).max() > 0]
    assert not untrained, f"no gradient reaches {untrained}"
    return run
