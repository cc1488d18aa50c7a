"""Where a computation can stand that is written in a loop, but has nothing to do with its steps."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import Body, Tensor
from .recording import current_recording


def outermost_body(tensors: Iterable[Tensor]) -> Body:
    """
    The body in which a computation of these tensors can stand: outside of the loops around whose steps do not change
    them, as ops are moved out of loops by themselves.
    """
    tensors = list(tensors)
    body = current_recording().body
    while body.loop is not None and body.branch is None and body.parent is not None:
        body.loop.move_out()
        if any(tensor.op.body.is_inside(body) for tensor in tensors):
            break
        body = body.parent
    return body
