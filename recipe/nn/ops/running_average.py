"""A parameter that follows a value of the batches of training: its running average."""

from __future__ import annotations

from typing import Any

import numpy

from ..plain.delayed import Delayed, delayed_or
from ..plain.errors import NetworkError
from ..plain.number import is_number
from ..record.arrays import Arrays
from ..record.form import Form
from ..record.graph import Op, Tensor
from ..record.outermost import outermost_body
from ..record.parameter import Parameter
from ..record.recording import current_recording
from .as_tensor import as_tensor


class RunningAverage(Op):
    """The value itself in training, elsewhere the average that a parameter holds; which follows it in training."""

    name = "running_average"
    takes_more_axes = False

    def __init__(self, value: Tensor, average: Tensor, momentum: float | Delayed):
        self.momentum = momentum
        super().__init__(value, average)
        if self.body is not self.body.recording.root_body:
            where = "in Cond or MaskedComputation" if self.body.branch is not None else "in a loop"
            raise NetworkError(
                f"the running average of {value} would change in each step or branch, whether it counts or not; it "
                f"cannot stand {where}"
            )

    def infer(self) -> None:
        """Those of the value, which are those of the parameter."""
        value, average = self.inputs
        self.require_float(value)
        if set(value.dims) != set(average.dims):
            raise NetworkError(f"the running average of {value} has other dims: {average}")
        self.set_output(average.dims)

    def numpy(self, run: Arrays, value: numpy.ndarray, average: numpy.ndarray) -> numpy.ndarray:
        """One of the two; a run of NumPy changes no parameter."""
        return run.aligned(value, self.inputs[0].dims, self.output.dims) if run.train else average

    def form(self) -> Form:
        """A kind of our own."""
        value, average = self.inputs
        return Form("running_average", {"from": value, "average": average, "momentum": self.momentum})


def running_average(value: Tensor, average: Parameter, *, momentum: Any = 0.1) -> Tensor:
    """
    In training ``value``, of the batch; elsewhere, and in search, the average that the parameter holds.

    Each batch of training changes the parameter: ``average += momentum * (value - average)``. Several calls with one
    parameter do so one after the other.

    :param value: the dims of the parameter
    :param average: not trainable
    :param momentum: how much a batch counts, above 0 and up to 1
    :raises NetworkError: if the parameter is trainable, or in a loop or a branch
    """
    if average.trainable:
        raise NetworkError(f"{average} holds a running average, so it is not trained: nn.Parameter(trainable=False)")
    momentum = delayed_or(momentum, "the momentum", _is_share, "above 0 and at most 1")
    value = as_tensor(value)
    with current_recording().at(outermost_body([value])):
        return RunningAverage(value, as_tensor(average), momentum).output


def _is_share(value: Any) -> bool:
    return is_number(value) and 0.0 < value <= 1.0
