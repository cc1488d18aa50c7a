"""What a run computes: arrays whose batch axis runs over the hypotheses of searches, too, where they depend on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy

from ..plain.dim import Dim, batch_dim


class Beam:
    """
    The places for hypotheses of a search, while a program runs.

    :ivar number: how many searches were begun before
    :ivar size: the number of places
    :ivar around: the other searches for whose hypotheses it has hypotheses of its own
    """

    number: int
    size: int
    around: tuple[Beam, ...]


class Value(NamedTuple):
    """
    An array, and whose hypotheses its rows are.

    :ivar array: the array
    :ivar axis: its axis over the batch; None if it has none
    :ivar beams: the searches for whose hypotheses there is a row each, in the order in which they were begun. The rows
        of a sequence follow each other, those of the first search outermost
    """

    array: numpy.ndarray
    axis: int | None
    beams: tuple[Beam, ...] = ()

    @classmethod
    def of(cls, array: numpy.ndarray, dims: tuple[Dim, ...], beams: tuple[Beam, ...]) -> Value:
        """An array with these dims."""
        return cls(array, dims.index(batch_dim), beams) if batch_dim in dims else cls(array, None)

    def spread(self, beams: tuple[Beam, ...]) -> Value:
        """The same with a row for each hypothesis of more searches."""
        if self.axis is None or beams == self.beams:
            return self
        rows = self.array.shape[self.axis] // math.prod(beam.size for beam in self.beams)
        own = (rows, *(beam.size if beam in self.beams else 1 for beam in beams))
        all_of_them = (rows, *(beam.size for beam in beams))
        before, after = self.array.shape[: self.axis], self.array.shape[self.axis + 1 :]
        array = numpy.broadcast_to(self.array.reshape(*before, *own, *after), (*before, *all_of_them, *after))
        return Value(array.reshape(*before, math.prod(all_of_them), *after), self.axis, beams)

    def of_first(self, beams: tuple[Beam, ...]) -> Value:
        """The same with rows for the hypotheses of these searches alone: that of the first hypothesis of the others."""
        if self.axis is None or beams == self.beams:
            return self
        rows = self.array.shape[self.axis] // math.prod(beam.size for beam in self.beams)
        before, after = self.array.shape[: self.axis], self.array.shape[self.axis + 1 :]
        array = self.array.reshape(*before, rows, *(beam.size for beam in self.beams), *after)
        kept = [slice(None) if beam in beams else 0 for beam in self.beams]
        array = array[tuple([slice(None)] * (len(before) + 1) + kept)]
        return Value(array.reshape(*before, -1, *after), self.axis, beams)

    def continued(self, search: Beam, origin: numpy.ndarray, around: tuple[Beam, ...]) -> Value:
        """
        The same for the hypotheses that a choice leaves; as it is, if it does not depend on those of this search.

        :param search: the search that makes the choice
        :param origin: for each, which one it continues: [rows of ``around``, hypotheses]
        :param around: the searches that this choice depends on besides
        """
        if self.axis is None or search not in self.beams:
            return self
        others = union([tuple(beam for beam in self.beams if beam is not search), around])
        array = self.spread((*others, search)).array
        before, after = array.shape[: self.axis], array.shape[self.axis + 1 :]
        array = array.reshape(*before, array.shape[self.axis] // search.size, search.size, *after)
        index = Value(origin, 0, around).spread(others).array
        index = index.reshape(*[1] * len(before), *index.shape, *[1] * len(after))
        array = numpy.take_along_axis(array, index, axis=self.axis + 1)
        rows = array.shape[self.axis] * array.shape[self.axis + 1]
        return Value(array.reshape(*before, rows, *after), self.axis, (*others, search))


def union(beams: Iterable[tuple[Beam, ...]]) -> tuple[Beam, ...]:
    """All of these searches, in the order in which they were begun."""
    return tuple(sorted({beam for some in beams for beam in some}, key=lambda beam: beam.number))


def together(*values: Value) -> tuple[Value, ...]:
    """Several values with the same rows."""
    beams = union(value.beams for value in values)
    return tuple(value.spread(beams) for value in values)
