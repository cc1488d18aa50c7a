"""Generations of hypotheses: what each choice leaves, and how values come from one to the next."""

from __future__ import annotations

import dataclasses

from ...ops.hypotheses import Select
from ...ops.lengths import Length, WithLengths
from ...plain.dim import Dim
from ...record.graph import Body, Tensor
from ...record.recording import Recording


@dataclasses.dataclass(frozen=True, eq=False)
class Generation:
    """
    The hypotheses of a search from one choice to the next.

    :ivar beam: the axis over them
    :ivar body: where the values of these hypotheses are computed
    :ivar before: the generation before; None for that with which a step of the search's loop begins
    :ivar origin: for each hypothesis, which one of the generation before it continues: int32 [batch, ..., beam]
    """

    beam: Dim
    body: Body
    before: Generation | None = None
    origin: Tensor | None = None

    def since(self, earlier: Generation) -> list[Generation]:
        """Those after an earlier one up to this, in order."""
        found: list[Generation] = []
        generation: Generation | None = self
        while generation is not earlier:
            assert generation is not None, "a value of hypotheses that are not of this search or step"
            found.insert(0, generation)
            generation = generation.before
        return found


class Selection:
    """
    Takes values from the generation that they were made in to a later one; each only where it is read.

    :param recording: the recording of the new program
    """

    def __init__(self, recording: Recording):
        self.recording = recording
        self._made_in: dict[Tensor, Generation] = {}
        self._taken: dict[tuple[Tensor, Generation], Tensor] = {}
        self._lengths: dict[Dim, Tensor] = {}
        self._dims: dict[tuple[Dim, Generation], Dim] = {}

    def taken_to(self, tensor: Tensor, generation: Generation) -> Tensor:
        """A value of the search, for the hypotheses of a generation."""
        made_in = self._made_in.get(tensor)
        for step in [] if made_in is None else generation.since(made_in):
            tensor = self._step(tensor, step)
        return tensor

    def dim_in(self, dim: Dim, generation: Generation) -> Dim:
        """An axis whose lengths depend on the hypotheses, with the lengths of those of a generation."""
        lengths = self._lengths.get(dim)
        if lengths is None or lengths not in self._made_in:
            return dim
        for step in generation.since(self._made_in[lengths]):
            dim = self._step_of_dim(dim, step)
        return dim

    def made(self, tensor: Tensor, generation: Generation) -> None:
        """Takes note of a value that was made for the hypotheses of a generation, and of new axes that it has."""
        self._made_in[tensor] = generation
        for dim in tensor.dims:
            if dim.is_dynamic and generation.beam in dim.length_dims and dim not in self._lengths:
                with self.recording.at(tensor.op.body):
                    self._lengths[dim] = Length(dim, tensor).output
                self._made_in[self._lengths[dim]] = generation

    def origin(self, first: Generation, last: Generation) -> Tensor | None:
        """For the hypotheses of a generation, which ones of an earlier one they continue; None if it is the same."""
        steps = last.since(first)
        if not steps:
            return None
        tensor = steps[0].origin
        assert tensor is not None
        return self.taken_to(tensor, last)

    def _step(self, tensor: Tensor, generation: Generation) -> Tensor:
        """A value of the generation before, for the hypotheses of one."""
        if (tensor, generation) not in self._taken:
            assert generation.before is not None and generation.origin is not None
            before = generation.before.beam
            taken = tensor
            with self.recording.at(generation.body):
                if before in tensor.dims:
                    taken = Select(tensor, generation.origin, before, generation.beam).output
                for dim in tensor.dims:
                    new = self._step_of_dim(dim, generation) if before in dim.length_dims else dim
                    if new is not dim:
                        taken = WithLengths(taken, self._step(self._lengths[dim], generation), dim, new).output
            self._taken[tensor, generation] = taken
            self._made_in[taken] = generation
        return self._taken[tensor, generation]

    def _step_of_dim(self, dim: Dim, generation: Generation) -> Dim:
        """An axis whose lengths depend on the hypotheses of the generation before, for those of one."""
        if (dim, generation) not in self._dims:
            assert generation.before is not None
            beams = {generation.before.beam: generation.beam}
            new = dim.with_lengths_over([beams.get(other, other) for other in dim.length_dims])
            self._dims[dim, generation] = new
            self._lengths[new] = self._step(self._lengths[dim], generation)
        return self._dims[dim, generation]
