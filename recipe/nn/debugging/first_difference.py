"""Finds the first value, in the order of the computation, that an engine has otherwise than NumPy."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy

from ..numpy_run.not_finite import short_text, step_text, value_text
from ..numpy_run.run import NumpyRun
from ..plain.dim import batch_dim
from ..plain.errors import SourceLine
from ..program.program import Program
from ..record.arrays import aligned
from ..record.graph import Tensor
from ..record.loops import LoopOp, PreviousOp, UnstackOp
from ..tf_layers.value_layers import NetworkWithValues
from . import returnn_network
from .comparison import Difference, EngineValue, compared, compared_result, frames_mask
from .returnn_network import ReturnnNetwork


class Computed(NamedTuple):
    """
    A value that was computed.

    :ivar tensor: which
    :ivar loop: the loop that it is computed in, if it is in one
    :ivar steps: the array, or for one in a loop those of all steps
    :ivar counts: where they count: no padding, no sequence that is over
    """

    tensor: Tensor
    loop: LoopOp | None
    steps: list[numpy.ndarray]
    counts: list[numpy.ndarray]


class FirstDifference(NamedTuple):
    """
    The first value that an engine has otherwise than NumPy.

    :ivar tensor: which
    :ivar step: of its loop; None outside of loops
    :ivar difference: in what the two differ
    :ivar layer: where the engine has it
    :ivar computed_with: the values of which it is made and that the engine has in no layer of their own, so that one of
        them may be what differs
    """

    tensor: Tensor
    step: int | None
    difference: Difference
    layer: str
    computed_with: tuple[Tensor, ...] = ()

    @property
    def source(self) -> SourceLine:
        """The user's line that made it."""
        source: SourceLine = self.tensor.op.source
        return source

    @property
    def module_path(self) -> str:
        """The path of the module that it is of."""
        path: str = self.tensor.op.module_path()
        return path

    @property
    def variable(self) -> str | None:
        """What the user's code calls it."""
        variable: str | None = self.tensor.op.variable
        return variable

    def __str__(self) -> str:
        loop = self.tensor.op.body.loop
        step = f" {step_text((self.step,), loop)}" if self.step is not None and loop is not None else ""
        text = f"{value_text(self.tensor)}{step}: {self.difference.text}"
        source = f"{short_path(self.source.file)}:{self.source.line}"
        line = f": {self.source.text}" if self.source.text else ""
        others = [f"{short_text(one)}, {one.op.source.seen_from(self.source)}" for one in self.computed_with]
        with_others = f"\n  computed in one layer with {'; '.join(others).rstrip(', ')}" if others else ""
        return f"{text}\n  {source}{line}\n  layer {self.layer!r}{with_others}"


def first_difference(
    network: Program,
    run: NumpyRun,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    tolerance: float,
) -> FirstDifference | None:
    """
    Where the two differ first: in the order of the program; in a loop, the first value of the first step in which one
    differs.

    Values that RETURNN has in no layer of their own cannot be looked at: those that were computed together with others,
    of loops within loops, and of the hypotheses of a search.

    :param run: in NumPy, with a trace
    :return: None if no value that can be looked at differs
    """
    with_values = NetworkWithValues(network)
    with returnn_network.built(with_values, search=bool(network.beam_sizes)) as returnn:
        returnn.set_parameters(parameters)
        looked_at = _Values(run, returnn, with_values.places, feeds, tolerance)
        return looked_at.first(values_in_order(network, run))


class _Values:
    """The values of an engine beside those of NumPy."""

    def __init__(
        self,
        run: NumpyRun,
        returnn: ReturnnNetwork,
        places: Mapping[Tensor, str],
        feeds: Mapping[str, Any],
        tolerance: float,
    ):
        self.run, self.returnn, self.places, self.feeds = run, returnn, places, feeds
        self.tolerance = tolerance
        self._theirs: dict[str, EngineValue] = {}

    def first(self, values: Iterator[Computed]) -> FirstDifference | None:
        """The first value that differs."""
        in_loop: list[tuple[int, int, FirstDifference]] = []
        loop = None
        for number, value in enumerate(values):
            if in_loop and value.loop is not loop:
                break
            loop = value.loop
            found = self._of_value(value)
            if found is not None and found.step is None:
                return found
            if found is not None and found.step is not None:
                in_loop.append((found.step, number, found))
        return min(in_loop, key=lambda item: item[:2])[2] if in_loop else None

    def _computed_with(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """What it is made of, in the same body, that is in no layer of its own; not what leads to these by layers."""
        found: list[Tensor] = []
        todo = list(reversed(tensor.op.inputs))
        while todo:
            one = todo.pop()
            is_value = one.op.inputs and not isinstance(one.op, (PreviousOp, UnstackOp))
            if is_value and one.op.body is tensor.op.body and one not in self.places and one not in found:
                found.append(one)
                todo += reversed(one.op.inputs)
        return tuple(reversed(found))

    def _of_value(self, value: Computed) -> FirstDifference | None:
        """In what an engine has another value, if it has it; in the first step in which it is another one."""
        place = self.places.get(value.tensor)
        if place is None:
            return None
        if place not in self._theirs:
            self._theirs[place] = self.returnn.layer(place, self.feeds)
        theirs = self._theirs[place]
        if value.loop is None:
            result = self.run.result(value.tensor)
            difference = compared_result(result, theirs, "RETURNN", self.tolerance)
            with_others = self._computed_with(value.tensor)
            return FirstDifference(value.tensor, None, difference, place, with_others) if difference.text else None
        names = ["batch" if dim.is_batch else dim.name for dim in value.tensor.dims]
        over = [axis for axis, name in enumerate(theirs.dims) if name not in names]
        if len(over) != 1:
            return None
        rest = [name for axis, name in enumerate(theirs.dims) if axis != over[0]]
        for step, (own, counts) in enumerate(zip(value.steps, value.counts)):
            if step >= theirs.value.shape[over[0]]:
                break
            one_step = EngineValue(numpy.take(theirs.value, step, axis=over[0]), rest)
            difference = compared(own, counts, value.tensor.dims, one_step, "RETURNN", self.tolerance)
            if difference.text:
                return FirstDifference(value.tensor, step, difference, place, self._computed_with(value.tensor))
        return None


def values_in_order(network: Program, run: NumpyRun) -> Iterator[Computed]:
    """
    The values that were computed in NumPy, but for those in loops within loops, or of the steps of a search.

    :param run: with a trace
    """
    steps_of: dict[Tensor, list[Any]] = {}
    for step in run.trace or ():
        steps_of.setdefault(step.tensor, []).append(step)
    for op in network.ops_in_order():
        loop = op.body.loop
        for tensor in network.needed_tensors.intersection(op.outputs):
            if loop is None:
                result = run.result(tensor)
                yield Computed(tensor, None, [result.value], [frames_mask(result)])
            elif loop.body.loop is None and not network.beam_sizes and tensor in steps_of:
                steps = steps_of[tensor]
                yield Computed(tensor, loop, [one.value for one in steps], [_alive(tensor, one) for one in steps])


def _alive(tensor: Tensor, step: Any) -> numpy.ndarray:
    """Where the value of a step is of a sequence that still runs."""
    mask: numpy.ndarray = numpy.ones(step.value.shape, bool)
    if batch_dim in tensor.dims:
        mask = mask & aligned(step.alive, (batch_dim,), tensor.dims)
    return mask


def short_path(file: str) -> str:
    """A path as seen from here, where that is shorter."""
    return min(file, os.path.relpath(file), key=len)
