"""Where the pass is: the hypotheses that there are at this place of the new program, and how values are read there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...ops.constants import constant
from ...ops.elementwise import Combine, Compare, Where, cast, compare
from ...ops.lengths import RangeInAxis
from ...ops.reduce import reduce_min
from ...plain.delayed import Delayed
from ...plain.dim import Dim, batch_dim, beam_dim
from ...record.graph import Tensor
from ...record.loops import LoopOp, PreviousOp, ResultOp
from ...record.recording import Recording
from ...record.state_leaf import StateLeaf
from .dependencies import Dependencies, Searches
from .generations import Generation, Selection


class Context:
    """
    The state of the pass.

    :param recording: that of the new program
    :param depending: what depends on hypotheses in the old one
    """

    def __init__(self, recording: Recording, depending: Dependencies):
        self.recording, self.depending = recording, depending
        self.selection = Selection(recording)
        self.search: LoopOp | None = None
        """The search whose loop is being written."""
        self.generation: Generation | None = None
        """Its hypotheses at this place."""
        self.found: dict[LoopOp, Dim] = {}
        """The axis over the hypotheses that each search found whose loop is written."""
        self.scores: Tensor | None = None
        """The scores of the hypotheses that there are now."""
        self._dims: dict[Dim, Dim] = {}
        self._constants: dict[Any, Tensor] = {}
        self._num_beams = 0

    # values of hypotheses

    def now(self, tensor: Tensor) -> Tensor:
        """A value, for the hypotheses that there are now."""
        return tensor if self.generation is None else self.selection.taken_to(tensor, self.generation)

    def made_now(self, *tensors: Tensor) -> None:
        """Takes note that values are those of the hypotheses that there are now."""
        for tensor in tensors:
            if self.generation is not None:
                self.made(tensor, self.generation)

    def made(self, tensor: Tensor, generation: Generation) -> None:
        """Takes note that a value is that of the hypotheses of a generation."""
        if generation.beam in tensor.dims:
            self.selection.made(tensor, generation)

    def beams_of(self, searches: Searches) -> list[Dim]:
        """The axes over the hypotheses of searches, as they are now."""
        beams = dict(self.found)
        if self.search is not None and self.generation is not None:
            beams[self.search] = self.generation.beam
        return [beams[search.loop] for search in self.depending.searches if search.loop in searches]

    def new_beam(self, size: int | Delayed) -> Dim:
        """A new axis over hypotheses."""
        self._num_beams += 1
        return beam_dim(size, "beam" if self._num_beams == 1 else f"beam_{self._num_beams}")

    # axes whose lengths depend on hypotheses

    def dim_now(self, dim: Dim) -> Dim:
        """What stands for an axis of the old program: another one, if its lengths depend on hypotheses."""
        searches = self.depending.of_lengths(dim)
        if not searches:
            return dim
        if dim not in self._dims:
            self._dims[dim] = dim.with_lengths_over([batch_dim, *self.beams_of(searches)])
        new = self._dims[dim]
        return new if self.generation is None else self.selection.dim_in(new, self.generation)

    # what is written

    def with_dims(self, tensor: Tensor, dims: Iterable[Dim]) -> Tensor:
        """A value along more dims, the same in all their places."""
        missing = [dim for dim in dims if dim not in tensor.dims]
        if not missing:
            return tensor
        kind, nothing = ("logical_or", False) if tensor.dtype == "bool" else ("add", 0)
        zeros = self.constant(nothing, missing, dtype=tensor.dtype, sparse_dim=tensor.sparse_dim)
        return Combine(kind, tensor, zeros, broadcast=True).output

    def constant(
        self,
        value: bool | float | Delayed,
        dims: Sequence[Dim] = (),
        *,
        dtype: str | None = None,
        sparse_dim: Dim | None = None,
    ) -> Tensor:
        """A constant outside of all loops."""
        key = (type(value), value, tuple(dims), dtype, sparse_dim)
        if key not in self._constants:
            with self.recording.at(self.recording.root_body):
                self._constants[key] = constant(value, dims, dtype=dtype, sparse_dim=sparse_dim)
        return self._constants[key]

    def places(self, dim: Dim) -> Tensor:
        """0, 1, 2, ... along an axis of fixed size: int32."""
        if ("places", dim) not in self._constants:
            like = self.constant(0, [dim])
            with self.recording.at(self.recording.root_body):
                self._constants["places", dim] = RangeInAxis(dim, like).output
        return self._constants["places", dim]

    def first_alone(self, dim: Dim) -> Tensor:
        """Log probabilities along an axis of fixed size: the first place is certain."""
        if ("first alone", dim) not in self._constants:
            places, first = self.places(dim), self.constant(0)
            zero, never = self.constant(0.0), self.constant(float("-inf"))
            with self.recording.at(self.recording.root_body):
                self._constants["first alone", dim] = Where(compare("equal", places, first), zero, never).output
        return self._constants["first alone", dim]

    def state(self, loop: LoopOp, name: str, initial: Tensor, generation: Generation | None = None) -> PreviousOp:
        """
        A new state of a new loop.

        :param generation: the hypotheses with which its steps begin, default: those that there are now
        """
        leaf = StateLeaf(name, None)
        with self.recording.at(loop.body_of_steps):
            loop.previous[leaf] = state = PreviousOp(loop, leaf, initial)
        if generation is None:
            self.made_now(state.output)
        else:
            self.made(state.output, generation)
        return state

    def result(self, result: ResultOp) -> Tensor:
        """What leaves a new loop."""
        self.made_now(result.result_of.add_result(result).output)
        return result.output


def where(condition: Tensor, true: Tensor, false: Tensor) -> Tensor:
    """``nn.where``, with the dims of all three."""
    return Where(condition, true, false, broadcast=True).output


def either(left: Tensor, right: Tensor) -> Tensor:
    """``nn.logical_or``, with the dims of both."""
    return Combine("logical_or", left, right, broadcast=True).output


def compared(kind: str, left: Tensor, right: Tensor) -> Tensor:
    """``nn.compare``, with the dims of both."""
    return Compare(kind, left, right, broadcast=True).output


def for_all(condition: Tensor, dims: Sequence[Dim]) -> Tensor:
    """Whether a condition holds in all places of some axes."""
    return reduce_min(cast(condition, "int32"), dims) == 1 if dims else condition
