"""Finds the first value, in the order of the computation, that an engine has otherwise than NumPy."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy

from ..numpy_run.not_finite import short_text, step_text, value_text
from ..numpy_run.run import NumpyRun
from ..numpy_run.trace import Step
from ..plain.dim import Dim, batch_dim
from ..plain.errors import SourceLine
from ..program.program import Program
from ..record.arrays import aligned
from ..record.graph import Op, Tensor
from ..record.loops import LoopOp, PreviousOp, UnstackOp
from ..tf_layers.value_layers import NetworkWithValues, Place
from . import returnn_network
from .comparison import Difference, EngineValue, compared, compared_result, frames_mask
from .returnn_network import ReturnnNetwork


class FirstDifference(NamedTuple):
    """
    The first value that an engine has otherwise than NumPy.

    :ivar tensor: which
    :ivar steps: the numbers of the step of all loops around, outermost first; empty outside of loops
    :ivar difference: in what the two differ
    :ivar layer: where the engine has it
    :ivar computed_with: the values of which it is made and that the engine has in no layer of their own, so that one of
        them may be what differs
    """

    tensor: Tensor
    steps: tuple[int, ...]
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
        step = f" {step_text(self.steps, loop)}" if self.steps and loop is not None else ""
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
    Where the two differ first: in the order of the program; in a loop, in the order in which its steps are computed.

    Values that RETURNN has in no layer of their own cannot be looked at, such as those that were computed together with
    others.

    :param run: in NumPy, with a trace
    :return: None if no value that can be looked at differs
    """
    has_inner_loops = any(loop.body.loop is not None for loop in network.loops)
    if has_inner_loops:
        try:
            return _found_with(NetworkWithValues(network, inner_loops=True), run, feeds, parameters, tolerance)
        except Exception:  # an engine may refuse to hand out the values of inner loops
            pass
    return _found_with(NetworkWithValues(network), run, feeds, parameters, tolerance)


def _found_with(
    network: NetworkWithValues,
    run: NumpyRun,
    feeds: Mapping[str, Any],
    parameters: Mapping[str, numpy.ndarray],
    tolerance: float,
) -> FirstDifference | None:
    program = network.network
    with returnn_network.built(network, search=bool(program.beam_sizes)) as returnn:
        returnn.set_parameters(parameters)
        return _Values(run, returnn, network.places, feeds, tolerance).first(program)


class _Values:
    """The values of an engine beside those of NumPy."""

    def __init__(
        self,
        run: NumpyRun,
        returnn: ReturnnNetwork,
        places: Mapping[Tensor, Place],
        feeds: Mapping[str, Any],
        tolerance: float,
    ):
        self.run, self.returnn, self.places, self.feeds = run, returnn, places, feeds
        self.tolerance = tolerance
        self._theirs: dict[str, EngineValue | None] = {}

    def first(self, program: Program) -> FirstDifference | None:
        """The first value that differs."""
        steps_of: dict[Op, list[Step]] = {}
        for step in self.run.trace or ():
            steps_of.setdefault(_outermost(step.loop), []).append(step)
        for op in program.root_body.ops:
            found = self._first_in_loop(steps_of[op]) if op in steps_of else None
            for tensor in op.outputs if op in program.needed else ():
                if tensor in program.needed_tensors:
                    found = found or self._outside_of_loops(tensor)
            if found is not None:
                return found
        return None

    def _first_in_loop(self, steps: list[Step]) -> FirstDifference | None:
        """The first value of those that the steps of a loop computed, which are given in order."""
        found = None
        of_tensors: dict[Tensor, list[tuple[int, Step]]] = {}
        for number, step in enumerate(steps):
            of_tensors.setdefault(step.tensor, []).append((number, step))
        least = len(steps)
        for tensor, numbered in of_tensors.items():
            place = self.places.get(tensor)
            theirs = self._value(place)
            if place is None or theirs is None:
                continue
            for number, step in numbered:
                if number >= least:
                    break
                difference = self._in_step(step, place, theirs)
                if difference is None:
                    break  # it cannot be looked at
                if difference.text:
                    found = FirstDifference(tensor, step.step, difference, place.layer, self._computed_with(tensor))
                    least = number
                    break
        return found

    def _value(self, place: Place | None) -> EngineValue | None:
        """What the engine has there; None if it cannot be asked for."""
        if place is None:
            return None
        if place.layer not in self._theirs:
            try:
                self._theirs[place.layer] = self.returnn.layer(place.layer, self.feeds)
            except Exception:
                if not place.is_inner:
                    raise
                self._theirs[place.layer] = None  # an inner loop made other numbers of steps each time
        return self._theirs[place.layer]

    def _outside_of_loops(self, tensor: Tensor) -> FirstDifference | None:
        place = self.places.get(tensor)
        theirs = self._value(place)
        if place is None or theirs is None:
            return None
        own = self.run.result(tensor)
        if place.beams:
            shaped = self._with_beams(own.value, frames_mask(own), own.dims, place.beams)
            difference = compared(*shaped, theirs, "RETURNN", self.tolerance) if shaped is not None else None
        else:
            difference = compared_result(own, theirs, "RETURNN", self.tolerance)
        if difference is None or not difference.text:
            return None
        return FirstDifference(tensor, (), difference, place.layer, self._computed_with(tensor))

    def _in_step(self, step: Step, place: Place, theirs: EngineValue) -> Difference | None:
        """In what an engine has another value in a step; None if it cannot be told which value of its own that is."""
        names = ["batch" if dim.is_batch else dim.name for dim in (*step.tensor.dims, *place.beams)]
        over = [axis for axis, name in enumerate(theirs.dims) if name not in names]
        if len(over) != len(step.step) or (len(over) > 1 and not place.is_inner):
            return None
        if any(number >= theirs.value.shape[axis] for number, axis in zip(step.step, over)):
            return Difference("", 0.0)  # no sequence is in it there
        value = theirs.value
        for number, axis in sorted(zip(step.step, over), key=lambda one: -one[1]):
            value = numpy.take(value, number, axis=axis)
        rest = [name for axis, name in enumerate(theirs.dims) if axis not in over]
        counts: numpy.ndarray = numpy.ones(step.value.shape, bool)
        if batch_dim in step.tensor.dims:
            counts = counts & aligned(step.alive, (batch_dim,), step.tensor.dims)
        shaped = self._with_beams(step.value, counts, step.tensor.dims, place.beams)
        return None if shaped is None else compared(*shaped, EngineValue(value, rest), "RETURNN", self.tolerance)

    def _with_beams(
        self, own: numpy.ndarray, counts: numpy.ndarray, dims: tuple[Dim, ...], beams: tuple[Dim, ...]
    ) -> tuple[numpy.ndarray, numpy.ndarray, tuple[Dim, ...]] | None:
        """
        A value in NumPy, whose rows are hypotheses, with an axis over these where the engine has one; None if they are
        of several searches.

        :param counts: of the same shape
        """
        if batch_dim not in dims:
            return own, counts, dims
        axis, batch = dims.index(batch_dim), self.run.batch_size
        size = own.shape[axis] // batch if batch else 1
        if len(beams) > 1 or (beams and beams[0].size != size):
            return None
        shape = (*own.shape[:axis], batch, size, *own.shape[axis + 1 :])
        if not beams:  # the same of each
            first: numpy.ndarray = numpy.take(own.reshape(shape), 0, axis + 1)
            of_any: numpy.ndarray = numpy.any(counts.reshape(shape), axis=axis + 1)
            return first, of_any, dims
        return own.reshape(shape), counts.reshape(shape), (*dims[: axis + 1], *beams, *dims[axis + 1 :])

    def _computed_with(self, tensor: Tensor) -> tuple[Tensor, ...]:
        """What it is made of, in the same body, that is in no layer of its own; not what leads to these by layers."""
        found: dict[Tensor, None] = {}
        todo = list(reversed(tensor.op.inputs))
        while todo:
            one = todo.pop()
            is_value = one.op.inputs and not isinstance(one.op, (PreviousOp, UnstackOp))
            if is_value and one.op.body is tensor.op.body and one not in self.places and one not in found:
                found[one] = None
                todo += reversed(one.op.inputs)
        return tuple(reversed(list(found)))


def _outermost(loop: LoopOp) -> LoopOp:
    """The loop of the network itself that a loop is in."""
    while loop.body.loop is not None:
        loop = loop.body.loop
    return loop


def short_path(file: str) -> str:
    """A path as seen from here, where that is shorter."""
    return min(file, os.path.relpath(file), key=len)
