"""Attention to the frames around: blocks of queries, each with the keys that its queries may see."""

from __future__ import annotations

from ..ops.elementwise import combine, compare
from ..ops.indexing import gather
from ..ops.lengths import length, range_over
from ..ops.windows import chunk
from ..plain.dim import Dim
from ..record.graph import Tensor
from .attended import Attended, Projected
from .attention_bounds import Bounds, both


def in_windows(x: Projected, axis: Dim, bounds: Bounds, frames: Tensor) -> Attended:
    """
    A sequence that attends to itself, in blocks: time and memory grow with its length, and not with its square.

    A block is a chunk, or as many frames as are seen to one side. Its queries see frames of a window around it, and by
    their positions each sees its own ones of them.

    :param axis: over the frames
    :param bounds: both are numbers
    :param frames: has the axis
    """
    assert bounds.left is not None and bounds.right is not None
    size = bounds.chunk if bounds.chunk > 1 else max(bounds.left, bounds.right, 1)
    before, after = (-(-side * bounds.chunk // size) for side in (bounds.left, bounds.right))
    block, window = Dim(size, "block"), Dim((before + 1 + after) * size, "window")
    query = chunk(x.query, block, axis=axis)
    blocks = next((dim for dim in query.dims if dim is not block and dim not in x.query.dims), axis)
    number = range_over(blocks, like=query)
    of_queries = combine("add", number * size, range_over(block), allow_broadcast_all_sources=True)
    of_keys = combine("add", (number - before) * size, range_over(window), allow_broadcast_all_sources=True)
    keys, values = (gather(one, of_keys, axis=axis) for one in (x.keys, x.values))
    inside = both(
        compare("greater_equal", of_keys, 0),
        compare("less", of_keys, length(axis, like=frames), allow_broadcast_all_sources=True),
    )
    projected = Projected(query, keys, values)
    positions = of_queries, of_keys
    return Attended(projected, window, axis, bounds, positions, True, inside=inside, blocks=(blocks, block))
