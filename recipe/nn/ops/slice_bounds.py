"""What a part of an axis may begin and end at: numbers, dims of fixed size, numbers that a job gives, tensors."""

from __future__ import annotations

from typing import Any

from ..plain.delayed import is_delayed
from ..plain.dim import Dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.number import plain_number
from ..record.graph import Tensor
from .as_tensor import as_tensor
from .constants import constant
from .elementwise import combine, maximum
from .indexing import entries, gather
from .lengths import length, range_over
from .new_axis import axis_of, in_place_of, lengths_along

Bound = int | Tensor
"""A number, or a tensor of one for all sequences, [], or one for each, [batch]."""


def bound(x: Tensor, word: str, value: Any) -> Bound:
    """
    Where a part begins or ends, or how many entries it has.

    :param x: what it is a part of, for messages
    :param word: "start", "end" or "size", for messages
    :raises NetworkError: for anything else
    """
    if isinstance(value, Dim):
        if not value.is_static:
            raise NetworkError(
                f"slice of {x}: {word} is the number of entries along a dim, so one of fixed size, not {value}. "
                f"The lengths along {value} are nn.length({value.name}, like=x)"
            )
        known = value.known_size
        return known if known is not None else length(value, like=constant(0, [value]))
    if is_delayed(value):
        return constant(value, dtype="int32")
    value = plain_number(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, (bool, float, str, slice, list, tuple)):
        raise NetworkError(
            f"slice of {x}: {word} is an int, not {value!r}; or a Dim of fixed size, a number that a job gives, or an "
            "int32 tensor"
        )
    tensor = as_tensor(value)
    if not tensor.dtype.startswith("int"):
        raise NetworkError(f"slice of {x}: {word} is int32, but {tensor} is {tensor.dtype}: nn.cast(x, 'int32')")
    return tensor


def entries_from(x: Tensor, axis: Dim, start: Bound, out_dim: Dim) -> Tensor:
    """So many entries along an axis of fixed size from a position on; beyond its end, the last entry."""
    return in_place_of(gather(x, _broadcast("add", start, range_over(out_dim)), axis=axis), x.dims, axis, [out_dim])


def frames_between(x: Tensor, axis: Dim, start: Bound, end: Bound | None) -> Tensor:
    """
    The frames of each sequence from one position to another one; a position below 0 is the first frame.

    :param end: the first one that is not of it; a number below 0 from each sequence's own end; None for that end
    :raises NetworkError: if a position has other dims than the lengths
    """
    allowed = axis.length_dims
    for position in (start, end):
        more = [dim for dim in position.dims if dim not in allowed] if isinstance(position, Tensor) else []
        if more:
            raise NetworkError(
                f"slice of {x} along {axis}: {position} has {dims_text(more)}, but a sequence has one length. It is a "
                f"scalar, or has the dims {dims_text(allowed)}; nn.gather(x, positions) takes any positions"
            )
    begin = start if isinstance(start, int) else maximum(start, 0)

    def lengths() -> Tensor:
        all_frames = lengths_along(x, axis)
        last = all_frames
        if end is not None:
            from_end = isinstance(end, int) and end < 0
            last = all_frames + end if from_end else _broadcast("minimum", all_frames, end)
        return maximum(_broadcast("sub", last, begin), 0)

    made = axis_of(lengths, f"{axis.name}_part", key=("part", axis, start, end))
    frames = entries(x, _broadcast("add", made, begin), axis)
    return in_place_of(frames, x.dims, axis, made.dims)


def _broadcast(kind: str, one: Bound, other: Bound) -> Tensor:
    return combine(kind, as_tensor(one), as_tensor(other), allow_broadcast_all_sources=True)
