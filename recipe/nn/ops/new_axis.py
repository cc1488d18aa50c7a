"""Axes that are made: of lengths that are computed, and of those of other axes."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy

from ..plain.dim import Dim, batch_dim
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Body, Op, Recorder, Tensor, current_recorder
from .lengths import length
from .transpose import Transpose


class RangeFromLength(Op):
    """
    0, 1, 2, ... along an axis that it makes.

    :param lengths: how long each sequence is along it: int32 [batch], or one for all; less than 0 is 0
    :param out_dim: the new axis
    :param may_be_empty: whether it may have no entry although the axes have some that the lengths are computed of; None
        if it always has one
    """

    name = "range_from_length"
    takes_more_axes = False  # an axis has one length per sequence

    def __init__(self, lengths: Tensor, out_dim: Dim, may_be_empty: bool | None = True):
        self.out_dim, self.may_be_empty = out_dim, may_be_empty
        super().__init__(lengths)

    def infer(self) -> None:
        """int32 over the new axis alone."""
        self.set_output([self.out_dim], dtype="int32")

    def numpy(self, run: Arrays, lengths: numpy.ndarray) -> numpy.ndarray:
        """``numpy.arange``, to the greatest length."""
        dims = self.out_dim.length_dims
        per_row = run.aligned(lengths, self.inputs[0].dims, dims)
        run.set_lengths(self.out_dim, numpy.maximum(numpy.broadcast_to(per_row, run.shape(dims)), 0).astype("int32"))
        return numpy.arange(run.size(self.out_dim), dtype="int32")

    def form(self) -> Form:
        """``range_from_length``."""
        return Form("range_from_length", {"from": self.inputs[0], "out_spatial_dim": self.out_dim})


class Origin(NamedTuple):
    """
    An axis that the lengths of another one are computed of.

    :ivar x: a tensor that has it
    :ivar axis: the axis
    """

    x: Tensor
    axis: Dim


_MADE: WeakKeyDictionary[Recorder, dict[Hashable, Dim]] = WeakKeyDictionary()
"""By recordings, the axes that were made of the same ones in the same way."""


def made_axis(
    origins: Iterable[Origin],
    lengths_of: Callable[..., Tensor],
    name: str,
    *,
    may_be_empty: bool | None,
    key: Hashable = None,
) -> Tensor:
    """
    0, 1, 2, ... along an axis whose lengths follow from those of others. It stands as far outside of loops as all of
    these are known.

    :param lengths_of: the lengths, of those of the others
    :param name: of the axis
    :param may_be_empty: as for :class:`RangeFromLength`
    :param key: axes made of the same ones with the same key are one; None for one of its own
    """
    origins = [Origin(_outermost(x, axis), axis) for x, axis in origins]
    body = origins[0].x.op.body
    for x, _ in origins:
        if x.op.body.is_inside(body):
            body = x.op.body
    recorder = current_recorder()
    made = _MADE.setdefault(recorder, {})
    whole_key = (key, tuple(axis for _, axis in origins))
    known = None if key is None or whole_key not in made else _visible(made[whole_key], body)
    if known is not None:
        return known
    out_dim = made.get(whole_key) if key is not None else None
    if out_dim is None:
        out_dim = made[whole_key] = Dim(None, _own_name(recorder, name))
    with recorder.at(body):
        lengths = lengths_of(*(length(axis, like=x) for x, axis in origins))
        return RangeFromLength(lengths, out_dim, may_be_empty).output


def axis_of(lengths_of: Callable[[], Tensor], name: str, key: Hashable) -> Tensor:
    """
    0, 1, 2, ... along an axis that is made where it is asked for.

    :param lengths_of: the lengths
    :param name: of the axis
    :param key: axes made with the same key, which can be read here, are one
    """
    recorder = current_recorder()
    made = _MADE.setdefault(recorder, {})
    known = _visible(made[key], recorder.body) if key in made else None
    if known is not None:
        return known
    made[key] = Dim(None, _own_name(recorder, name))
    return RangeFromLength(lengths_of(), made[key]).output


def _own_name(recorder: Recorder, name: str) -> str:
    """The name, or one like it: RETURNN takes axes of one name for one that layers make of lengths."""
    taken = {dim.name for dim in recorder.with_lengths}
    names = (name, *(f"{name}_{number}" for number in range(2, len(taken) + 2)))
    return next(one for one in names if one not in taken)


def lengths_along(x: Tensor, axis: Dim) -> Tensor:
    """How long each sequence is along an axis of a value: int32 [batch], of what has it as far outside of loops."""
    return length(axis, like=_outermost(x, axis))


def _outermost(x: Tensor, axis: Dim) -> Tensor:
    """What has an axis and can be read here, as far outside of loops as there is something; else the tensor itself."""
    recorder = current_recorder()
    having = [
        one
        for one in recorder.with_lengths.get(axis, ())
        if axis in (one.known_dims or ()) and recorder.body.is_inside(one.op.body) and one not in recorder.of_branch
    ]
    return min(having, key=lambda one: _depth(one.op.body)) if having else x


def _depth(body: Body) -> int:
    return 0 if body.parent is None else 1 + _depth(body.parent)


def _visible(dim: Dim, body: Body) -> Tensor | None:
    """What makes an axis and can be read in a body."""
    recorder = current_recorder()
    made = [one for one in recorder.with_lengths.get(dim, ()) if isinstance(one.op, RangeFromLength)]
    return next((one for one in made if body.is_inside(one.op.body) and one not in recorder.of_branch), None)


def in_place_of(x: Tensor, before: tuple[Dim, ...], axis: Dim, new: Iterable[Dim]) -> Tensor:
    """A value with its axes in the order that it had before, and new ones in place of an axis."""
    dims = [one for dim in before for one in (new if dim is axis else (dim,))]
    dims += [dim for dim in x.dims if dim not in dims]
    if batch_dim in dims and dims[0] is not batch_dim and batch_dim not in before:
        dims = [batch_dim, *(dim for dim in dims if dim is not batch_dim)]
    return x if tuple(dims) == x.dims else Transpose(x, dims).output
