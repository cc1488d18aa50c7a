"""The order of the axes in RETURNN: there the dims of a layer have one, though users never see it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..plain.dim import Dim

if TYPE_CHECKING:
    from ..record.graph import Tensor


def batch_first(dims: Iterable[Dim]) -> tuple[Dim, ...]:
    """The same dims, the batch before all others."""
    return tuple(sorted(dims, key=lambda dim: not dim.is_batch))


def is_time_major(x: Tensor) -> bool:
    """Whether RETURNN has the time axis of a sequence before the batch axis: most layers leave the axes as they are."""
    todo, seen = [x], {x}
    while todo:
        op = todo.pop().op
        if op.is_time_major:
            return True
        sources = op.inputs if op.is_time_major is None else ()
        todo += [source for source in sources if source not in seen and any(dim.is_dynamic for dim in source.dims)]
        seen.update(todo)
    return False
