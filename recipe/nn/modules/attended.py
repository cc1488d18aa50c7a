"""What attends to what: queries, keys and values of all heads, along which axis, at which positions."""

from __future__ import annotations

from typing import NamedTuple

from ..ops.lengths import range_over
from ..plain.dim import Dim, DimLike
from ..plain.dims import dims_text
from ..plain.errors import NetworkError
from ..record.graph import Tensor
from ..record.loops import LoopIndex
from ..record.recording import current_recording
from ..record.unknown_start import wrong_type
from .attention_bounds import Bounds


class Projected(NamedTuple):
    """Queries, keys and values of all heads."""

    query: Tensor
    keys: Tensor
    values: Tensor


class Attended(NamedTuple):
    """
    What attends to what.

    :ivar axis: of the keys, which the query has not
    :ivar shared: the axis that both had before, if it was one
    :ivar positions: of the queries and of the keys, if they matter
    :ivar is_of_itself: whether a query's position is that of a key
    :ivar inside: where keys are frames of the sequence, if not everywhere
    :ivar blocks: the axes over blocks of queries, and over those of a block, if they are put into such
    """

    projected: Projected
    axis: Dim
    shared: Dim | None
    bounds: Bounds
    positions: tuple[Tensor, Tensor] | None
    is_of_itself: bool
    inside: Tensor | None = None
    blocks: tuple[Dim, Dim] | None = None


def axis_of_keys(query: Tensor, keys: Tensor, axis: DimLike | str | None) -> Dim:
    """The axis that is attended over; of several, the one that the query has not."""
    others = [dim for dim in keys.dims if dim.is_dynamic and dim not in query.dims]
    return others[0] if axis is None and len(others) == 1 else keys.resolve_axis(axis)


def positions_of_query(query: Tensor, keys: Tensor, axis: DimLike | str | None) -> Tensor:
    """The positions of queries that are not those of the keys."""
    others = [dim for dim in query.dims if dim.is_dynamic and dim not in keys.dims]
    if axis is not None or len(others) == 1:
        return range_over(others[0] if axis is None else query.resolve_axis(axis), like=query)
    if others or current_recording().body.loop is None:
        raise NetworkError(
            f"the position of the query {query} is not known: say which axis it is along, query_axis=..., or write "
            "this in a loop, where it is the number of the step"
        )
    return number_of_step()


def number_of_step() -> Tensor:
    recording = current_recording()
    loop = recording.body.loop
    with recording.at(loop.body_of_steps):
        return LoopIndex(loop).output


def checked_mask(mask: Tensor, attended: Attended) -> Tensor:
    """
    :raises NetworkError: if a mask is none, or has other dims than the weights, or an axis that may be of either side
    """
    if mask.dtype != "bool":
        message = f"a mask is bool, True where a key is seen, but {mask} is {mask.dtype}: write x != 0"
        raise wrong_type(mask, "bool", message)
    known = {*attended.projected.query.dims, *attended.projected.keys.dims}
    other = [dim for dim in mask.dims if dim not in known]
    if other or attended.shared in mask.dims:
        why = (
            f"{attended.shared}, which the query and the keys both have"
            if not other
            else f"{dims_text(other)}, which neither the query nor the keys have"
        )
        raise NetworkError(
            f"the mask {mask} has {why}. Give the keys an axis of their own, and the mask that axis: "
            "keys = nn.replace_dim(x), attention(x, keys, mask=...)"
        )
    return mask
