"""Losses that training cannot change: those that depend on parameters by comparisons, labels and the like alone."""

from __future__ import annotations

from collections.abc import Iterable

from ..ops.activation import Activation
from ..ops.gradient import ScaleGradient
from ..ops.inputs import ParameterOp
from ..plain.errors import warn
from ..record.graph import Op, Tensor
from ..record.loops import FinalState, PreviousOp, ResultOp
from ..record.recording import Loss, Recording
from .program import Program

_FLAT = ("sign", "round", "floor", "ceil")
"""Functions whose gradient is 0."""


def warn_of_losses_without_gradient(recording: Recording) -> None:
    """Tells of losses that depend on parameters that are trained, and have a gradient for none of them."""
    for loss in recording.losses:
        if not loss.as_error and _depends_on_parameters(recording, loss) and not has_gradient(loss.tensor):
            warn(
                f"the loss {loss.name!r} has no gradient for any parameter: it depends on them by comparisons, labels, "
                "whole numbers or nn.stop_gradient alone. What is only reported, as error rates are, is marked by "
                f"x.mark_as_loss({loss.name!r}, as_error=True)",
                recording.loss_lines.get(loss.name, loss.tensor.op.source),
            )


def _depends_on_parameters(recording: Recording, loss: Loss) -> bool:
    return any(_is_trained(op) for op in Program(recording.root_body, [loss], []).needed)


def has_gradient(tensor: Tensor) -> bool:
    """Whether a parameter that is trained leads to a value in a way that has a gradient."""
    todo, seen = [tensor], {tensor}
    while todo:
        x = todo.pop()
        if _is_trained(x.op):
            return True
        read = {one for one in _read(x.op) if one not in seen and one.dtype.startswith("float")}
        seen |= read
        todo += read
    return False


def _is_trained(op: Op) -> bool:
    return isinstance(op, ParameterOp) and op.parameter.trainable


def _read(op: Op) -> Iterable[Tensor]:
    if isinstance(op, ScaleGradient) and op.factor == 0.0:
        return []
    if isinstance(op, Activation) and op.kind in _FLAT:
        return []
    if isinstance(op, FinalState):
        return [op.previous.output, op.inner]
    if isinstance(op, ResultOp):
        return [op.inner]
    if isinstance(op, PreviousOp):
        return [tensor for tensor in (op.initial, op.final) if tensor is not None]
    return op.inputs
