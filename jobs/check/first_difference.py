"""Finds the first value, in the order of the computation, that differs between NumPy and RETURNN, or is no number."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy

from recipe import nn
from recipe.nn.tf_layers.value_layers import NetworkWithValues

from .distance import TOLERANCE, distance, distance_of, frames_mask
from .returnn_network import ReturnnNetwork, ReturnnValue, built


class Computed(NamedTuple):
    """
    A value that was computed.

    :ivar tensor: which
    :ivar loop: the loop that it is computed in, if it is in one
    :ivar steps: the array, or for one in a loop those of all steps
    :ivar masks: where they count: no padding, no sequence that is over
    """

    tensor: nn.Tensor
    loop: Any
    steps: list[numpy.ndarray]
    masks: list[numpy.ndarray]


def first_nan(network: nn.Network, run: nn.NumpyRun) -> str:
    """The first value that is NaN in NumPy, as a text; nothing if there is none."""

    def is_nan(value: Computed, step: int) -> bool:
        array = value.steps[step]
        return array.dtype.kind == "f" and bool(numpy.isnan(array[value.masks[step]]).any())

    found = _first(network, run, is_nan)
    return described(found.tensor) if found is not None else ""


def first_difference(
    network: nn.Network, run: nn.NumpyRun, feeds: Mapping[str, Any], parameters: Mapping[str, numpy.ndarray]
) -> str:
    """Where the two differ first, as a text to put behind a message; nothing if that cannot be told."""
    with_values = NetworkWithValues(network)
    with contextlib.suppress(Exception), built(with_values, search=bool(network.beam_sizes)) as returnn:
        returnn.set_parameters(parameters)
        found = _first(network, run, _Differs(run, returnn, with_values.places, feeds))
        if found is not None:
            place = with_values.places[found.tensor]
            return f"\n  first in {described(found.tensor)}\n  which is the layer {place!r}"
    return ""


class _Differs:
    """Whether RETURNN has another value in a step; not of a value that it does not have."""

    def __init__(
        self, run: nn.NumpyRun, returnn: ReturnnNetwork, places: Mapping[nn.Tensor, str], feeds: Mapping[str, Any]
    ):
        self.run, self.returnn, self.places, self.feeds = run, returnn, places, feeds
        self._theirs: dict[str, ReturnnValue] = {}

    def __call__(self, value: Computed, step: int) -> bool:
        place = self.places.get(value.tensor)
        if place is None:
            return False
        if place not in self._theirs:
            self._theirs[place] = self.returnn.layer(place, self.feeds)
        theirs = self._theirs[place]
        if value.loop is None:
            return not distance_of(self.run, value.tensor, theirs) <= TOLERANCE
        names = [dim.name for dim in value.tensor.dims]
        over = [axis for axis, name in enumerate(theirs.dims) if name not in names]
        if len(over) != 1 or step >= theirs.value.shape[over[0]]:
            return False
        rest = [name for axis, name in enumerate(theirs.dims) if axis != over[0]]
        one_step = ReturnnValue(numpy.take(theirs.value, step, axis=over[0]), rest)
        return not distance(value.steps[step], value.masks[step], names, one_step) <= TOLERANCE


def _first(network: nn.Network, run: nn.NumpyRun, is_wrong: Callable[[Computed, int], bool]) -> Computed | None:
    """The first value that is wrong; in a loop, the first one of the first step in which one is."""
    in_loop: list[tuple[int, int, Computed]] = []
    loop = None
    for number, value in enumerate(_values_in_order(network, run)):
        if in_loop and value.loop is not loop:
            break
        loop = value.loop
        step = next((step for step in range(len(value.steps)) if is_wrong(value, step)), None)
        if step is not None and loop is None:
            return value
        if step is not None:
            in_loop.append((step, number, value))
    return min(in_loop, key=lambda item: item[:2])[2] if in_loop else None


def _values_in_order(network: nn.Network, run: nn.NumpyRun) -> Iterator[Computed]:
    """The values that were computed, but for those in loops within loops, or of the steps of a search."""
    steps_of: dict[nn.Tensor, list[Any]] = {}
    for step in run.trace or ():
        steps_of.setdefault(step.tensor, []).append(step)
    for op in network.ops_in_order():
        loop = op.body.loop
        for tensor in op.outputs:
            if loop is None:
                result = run.result(tensor)
                yield Computed(tensor, None, [result.value], [frames_mask(result)])
            elif loop.body.loop is None and not network.beam_sizes and tensor in steps_of:
                steps = steps_of[tensor]
                yield Computed(tensor, loop, [one.value for one in steps], [_alive(tensor, one) for one in steps])


def _alive(tensor: nn.Tensor, step: Any) -> numpy.ndarray:
    """Where the value of a step is of a sequence that still runs."""
    mask: numpy.ndarray = numpy.ones(step.value.shape, bool)
    if nn.batch_dim in tensor.dims:
        shape = [1] * step.value.ndim
        shape[tensor.dims.index(nn.batch_dim)] = -1
        mask = mask & step.alive.reshape(shape)
    return mask


def described(tensor: nn.Tensor) -> str:
    """A value for the user: what it is, with the line that wrote it."""
    op = tensor.op
    line = f"\n    {op.source.text}" if op.source.text else ""
    leaf = getattr(op, "leaf", None)
    what = f"state {leaf.name}" if leaf is not None else op.describe(tensor)
    return f"{what}, {os.path.relpath(op.source.file)}:{op.source.line}{line}"
