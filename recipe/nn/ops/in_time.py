"""Sequences made longer: frames before their first one or after their last one, and one sequence behind another."""

from __future__ import annotations

from collections.abc import Sequence

from ..plain.dim import Dim, DimLike, batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..plain.number import is_number, plain_number
from ..record.graph import Tensor
from .as_tensor import TensorLike, as_tensor
from .constants import constant
from .elementwise import combine, compare, expand, where
from .indexing import entries
from .new_axis import Origin, in_place_of, lengths_along, made_axis
from .operands import check_alike


def prefix_in_time(x: Tensor, value: TensorLike, *, axis: DimLike | str | None = None) -> Tensor:
    """
    One more frame before each sequence's first, for example a begin-of-sequence label.

    :param value: a number, or a tensor without the axis, such as a parameter
    :param axis: default: the only axis with lengths
    """
    return _padded("prefix_in_time", x, 1, 0, value, axis)


def pad_in_time(
    x: Tensor, before: int, after: int, value: TensorLike = 0, *, axis: DimLike | str | None = None
) -> Tensor:
    """
    More frames of one value before each sequence's first and after each sequence's own last.

    :param before: how many before the first one
    :param after: how many after the last one
    :param value: a number, or a tensor without the axis
    :param axis: an axis with lengths; default: the only one
    :raises NetworkError: if a number of frames is below 0, the axis has a fixed size, or the value does not fit
    """
    for name, count in (("before", before), ("after", after)):
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            raise NetworkError(f"pad_in_time: {name} is a number of frames, an int from 0 on, not {count!r}")
    return _padded("pad_in_time", x, before, after, value, axis)


def _padded(name: str, x: Tensor, before: int, after: int, value: TensorLike, axis: DimLike | str | None) -> Tensor:
    x, dim = _sequence(name, x, axis)
    frame = frame_of(name, x, value, dim)
    if not before + after:
        return x
    parts = [str(before) if before else "", dim.name, str(after) if after else ""]
    made = made_axis(
        [Origin(x, dim)], lambda old: old + (before + after), "+".join(filter(None, parts)), may_be_empty=None
    )
    (new,) = made.dims
    padded = entries(x, made - before if before else made, dim)
    if before:
        padded = where(made >= before, padded, frame)
    if after:
        padded = where(_is_before(made, lengths_along(x, dim) + before), padded, frame)
    return in_place_of(padded, x.dims, dim, [new])


def concat_in_time(
    *tensors: Tensor | Sequence[Tensor], axis: DimLike | str | Sequence[DimLike | str | None] | None = None
) -> Tensor:
    """
    Sequences one after the other: the frames of the second after each sequence's own last frame of the first, ...

    :param tensors: the parts, as arguments or as one list, all of the same dims beside the axis
    :param axis: an axis with lengths that all have, or a list of one of each; default: the only one of each
    :return: along a new axis, whose lengths are the sums of the lengths
    :raises NetworkError: if they have other dims, dtypes or labels, or an axis has a fixed size
    """
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    parts = [as_tensor(tensor) for tensor in tensors]
    if not parts:
        raise NetworkError("concat_in_time wants sequences, at least one: nn.concat_in_time(a, b)")
    axes = [axis] * len(parts) if axis is None or isinstance(axis, (int, str, Dim)) else list(axis)
    if len(axes) != len(parts):
        raise NetworkError(
            f"concat_in_time of {len(parts)} sequences with {len(axes)} axes: axis=[...] has one of each"
        )
    sequences = [_sequence("concat_in_time", x, one) for x, one in zip(parts, axes)]
    parts, dims = [x for x, _ in sequences], [dim for _, dim in sequences]
    for x, dim in sequences:
        _check_fits(parts[0], dims[0], x, dim)
    if len(parts) == 1:
        return parts[0]
    name = "+".join(dim.name for dim in dims)
    made = made_axis(
        [Origin(x, dim) for x, dim in sequences], lambda first, *rest: sum(rest, first), name, may_be_empty=False
    )
    (new,) = made.dims
    result, begin = entries(parts[0], made, dims[0]), lengths_along(parts[0], dims[0])
    for x, dim in sequences[1:]:
        frames = entries(x, combine("sub", made, begin, allow_broadcast_all_sources=True), dim)
        result = where(_is_before(made, begin), result, frames)
        begin = begin + lengths_along(x, dim)
    return in_place_of(result, parts[0].dims, dims[0], [new])


def frame_of(name: str, x: Tensor, value: TensorLike, axis: Dim) -> Tensor:
    """
    A value that stands for a frame of a sequence.

    :param name: of the function, for messages
    :raises NetworkError: if it cannot
    """
    number = plain_number(value)
    if is_number(number) or isinstance(number, bool):
        size = x.sparse_dim.known_size if x.sparse_dim is not None else None
        if size is not None and not (isinstance(number, int) and 0 <= number < size):
            raise NetworkError(
                f"{number} is no label of {x.sparse_dim}, which are 0 to {size - 1}, for {name} of {x}. "
                "nn.cast(x, 'int32', sparse_dim=dim) makes them labels of a dim that has more"
            )
        if isinstance(number, bool) != (x.dtype == "bool") and number != 0:
            raise NetworkError(f"{name} of {x}, which is {x.dtype}, with the value {number!r}")
        if isinstance(number, float) and x.dtype.startswith("int"):
            raise NetworkError(f"{name} of {x}, which is {x.dtype}, with the value {number!r}: write an int")
        value_there = bool(number) if x.dtype == "bool" else number
        return constant(value_there, dtype=x.dtype, sparse_dim=x.sparse_dim)
    frame = as_tensor(value)
    check_alike(name, x, frame)
    more = [dim for dim in frame.dims if dim is axis or dim not in x.dims]
    if more:
        raise NetworkError(
            f"{name} of {x} with the value {frame}: the value is one frame, so it has dims of {x} without {axis}, but "
            f"no {dims_text(more)}"
        )
    return frame


def _is_before(positions: Tensor, ends: Tensor) -> Tensor:
    """Which positions along an axis come before an end that each sequence has itself: bool [batch, axis]."""
    return compare("greater", ends, positions, allow_broadcast_all_sources=True)


def _sequence(name: str, x: Tensor, axis: DimLike | str | None) -> tuple[Tensor, Dim]:
    """A value with the batch dim, and its axis with lengths."""
    x = as_tensor(x)
    dim = x.resolve_axis(axis)
    if not dim.is_dynamic:
        raise NetworkError(
            f"{name} goes over an axis with lengths, but {dim} of {x} has a fixed size: "
            f"nn.concat(a, b) joins features, and nn.zeros([...]) or nn.constant(value, [...]) are more of them"
        )
    return x if batch_dim in x.dims else expand(x, [batch_dim]), dim


def _check_fits(first: Tensor, axis_of_first: Dim, x: Tensor, axis: Dim) -> None:
    rest, rest_of_x = ([dim for dim in one.dims if dim is not own] for one, own in ((first, axis_of_first), (x, axis)))
    if set(rest) != set(rest_of_x):
        raise NetworkError(
            f"concat_in_time wants the same dims beside the axes, but {first} has {dims_text(rest)}, and {x} "
            f"{dims_text(rest_of_x)}. nn.expand(x, [dim]) adds one"
        )
    check_alike("concat_in_time", first, x)
    if first.sparse_dim is not x.sparse_dim:
        raise NetworkError(
            f"concat_in_time of labels of {first.sparse_dim} and of {x.sparse_dim}: {first} and {x}. nn.cast(x, "
            "'int32', sparse_dim=...) makes them labels of one dim"
        )
