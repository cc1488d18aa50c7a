"""The Dim of a loop's steps, for values of all steps at once."""

from __future__ import annotations

from ...ops.array import ReplaceDim
from ...record.graph import Body, Op, Tensor
from ...record.loops import PreviousOp, UnstackOp
from .division import Division
from .step_graph import StepGraph


class StepsDim:
    """
    The Dim of the steps: the axis of the loop's input, or another one of the same length where values of a step have
    that axis themselves, as with attention to the sequence that the loop runs over.

    :param graph: of the loop, as it was recorded, which has an input
    :param division: where its ops go
    :param around: the new body around the loop
    """

    def __init__(self, graph: StepGraph, division: Division, around: Body):
        loop = graph.loop
        self.around = around
        self.axis = loop.input_axis
        self.is_new = loop.is_axis_of_loop_around or _is_in_steps(graph, division)
        self.dim = self.axis.with_name(f"{self.axis.name}_steps") if self.is_new else self.axis
        self._known: dict[Tensor, Tensor] = {}

    def of(self, x: Tensor) -> Tensor:
        """A new value from outside of the loop that has the axis of its input, with that of the steps in its place."""
        if not self.is_new:
            return x
        if x not in self._known:
            with self.around.recording.at(self.around):
                self._known[x] = ReplaceDim(x, self.axis, self.dim).output
        return self._known[x]


def _is_in_steps(graph: StepGraph, division: Division) -> bool:
    """Whether a value that is computed for all steps at once has the axis of the loop's input itself."""
    axis = graph.loop.input_axis
    if not graph.loop.runs_to_the_end:
        return any(axis in tensor.dims for op in division.early for tensor in _values(op))
    ops = (*division.early, *division.late)
    leaves = any(axis in result.inner.dims for result in graph.results)
    return leaves or any(axis in tensor.dims for op in ops for tensor in _values(op))


def _values(op: Op) -> tuple[Tensor, ...]:
    """What an op reads and makes in a step."""
    if isinstance(op, PreviousOp) and op.initial is not None:
        return (*op.outputs, op.initial)
    return op.outputs if isinstance(op, UnstackOp) else (*op.inputs, *op.outputs)
