"""The order of the axes in RETURNN: there the dims of a layer have one, though users never see it."""

from __future__ import annotations

from collections.abc import Iterable

from ..ops.constants import Constant
from ..ops.dot import Dot
from ..ops.expand import Expand
from ..ops.lstm import LstmSequence
from ..ops.shift import Shift
from ..plain.dim import Dim
from ..record.graph import Tensor
from ..record.loops import StackOp

_TIME_FIRST = (StackOp, LstmSequence)
"""The ops of which RETURNN's layer has the time axis first, the batch axis second."""
_BATCH_FIRST = (Constant, Dot, Expand, Shift)
"""The ops of which it has the batch axis first; of others, it leaves the axes as they are in what it reads."""


def batch_first(dims: Iterable[Dim]) -> tuple[Dim, ...]:
    """The same dims, the batch before all others, then hypotheses, as most layers of RETURNN have them."""
    return tuple(sorted(dims, key=lambda dim: 0 if dim.is_batch else 1 if dim.is_beam else 2))


def factors(op: Dot) -> list[Tensor]:
    """What is multiplied, in the order of ``dot``: what has hypotheses first, so that the result has them early."""
    return sorted(op.inputs, key=lambda tensor: not any(dim.is_beam for dim in tensor.dims))


def has_several_fixed_axes(x: Tensor) -> bool:
    """Whether a value has more than one axis of fixed size, not counting those over hypotheses."""
    return sum(dim.is_static and not dim.is_beam for dim in x.dims) > 1


def is_time_major(x: Tensor) -> bool:
    """Whether RETURNN has the time axis of a sequence before the batch axis."""
    todo, seen = [x], {x}
    while todo:
        op = todo.pop().op
        if isinstance(op, _TIME_FIRST):
            return True
        sources = () if isinstance(op, _BATCH_FIRST) else op.inputs
        todo += [source for source in sources if source not in seen and any(dim.is_dynamic for dim in source.dims)]
        seen.update(todo)
    return False
