"""The values of a loop's step for all steps at once, with the steps as one more axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ...ops.elementwise import Compare
from ...ops.expand import Expand
from ...ops.lengths import RangeInAxis
from ...ops.lstm import LstmSequence
from ...ops.transpose import Transpose
from ...plain.dim import Dim, batch_dim
from ...record.graph import Body, Op, Tensor
from ...record.loops import LoopIndex, LoopOp, StackOp, UnstackOp
from .step_graph import StepGraph
from .steps_dim import StepsDim

Read = Callable[[Tensor], Tensor]


class WholeValues:
    """
    The new values that stand for those of all steps. One that is the same in each step may lack the axis of the steps.

    :param graph: of the old loop
    :param around: the new body around the loop, in which all steps are computed
    :param axis: the Dim of the steps
    :param read: gives the new value of an old one: from outside of the loop, or in a step of the new loop
    :ivar values: the values by the old ones
    :ivar new_loop: the loop that makes the steps of those values that need them one after the other, once it is there
    :ivar sequences: the LSTMs over all steps by the old cells
    :ivar dims: which dims take the place of which: that of the frames so far becomes one over all frames
    """

    def __init__(self, graph: StepGraph, around: Body, axis: Dim, read: Read):
        self.graph, self.loop, self.around, self.axis, self.read = graph, graph.loop, around, axis, read
        self.values: dict[Tensor, Tensor] = {}
        self.new_loop: LoopOp | None = None
        self.sequences: dict[Op, LstmSequence] = {}
        history = self.loop.known_history_dim
        self.dims: dict[Dim, Dim] = {} if history is None else {history: axis.with_name("history")}
        self._numbers: Tensor | None = None
        self._seen: Tensor | None = None
        self._full: dict[Tensor, Tensor] = {}

    def get(self, x: Tensor) -> Tensor:
        """All steps of an old value that the steps read."""
        if x not in self.values:
            if x.op not in self.graph.varying:
                return self.read(x)
            recording = self.around.recording
            with recording.at(self.around), recording.replacing(x.op):
                self.values[x] = self.entering(x)
        return self.values[x]

    def entering(self, x: Tensor) -> Tensor:
        """All steps of a value that is not computed here, but comes from the new loop."""
        assert self.new_loop is not None
        return self.new_loop.stack(self.read(x))

    def numbers(self) -> Tensor:
        """The numbers of the steps from 0, int32 over their axis."""
        if self._numbers is None:
            with self.around.recording.at(self.around):
                self._numbers = self.count()
        return self._numbers

    def count(self) -> Tensor:
        """Makes :meth:`numbers`."""
        raise TypeError(type(self).__name__)

    def like(self) -> Tensor:
        """A new value that has the axis of the steps."""
        raise TypeError(type(self).__name__)

    def seen(self, like: Tensor) -> Tensor:
        """
        Which of all frames are among those so far: bool over the steps and the frames.

        :param like: a new value that has the axis of the frames
        """
        if self._seen is None:
            (history,) = self.dims.values()
            frame = RangeInAxis(history, like).output
            self._seen = Compare("greater_equal", self.numbers(), frame, broadcast=True).output
        return self._seen

    # the same ops along one more axis

    def rebuilt(self, op: Op, inputs: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The results of an op of other inputs, for all steps."""
        return op.rebuilt(self.around, inputs, self.dims).outputs

    def full(self, x: Tensor) -> Tensor:
        """A new value with the axis of the steps, though it may be the same in each."""
        if self.axis in x.dims:
            return x
        if x not in self._full:
            self._full[x] = Expand(x, self.like(), self.axis).output
        return self._full[x]

    # the order of axes

    def ordered(self, new: Tensor, old: Tensor) -> Tensor:
        """All steps of a value with its axes as ``loop.stack`` has them: that of the steps after that of the batch."""
        order = [self.dims.get(dim, dim) for dim in old.dims]
        order.insert(order.index(batch_dim) + 1 if batch_dim in order else 0, self.axis)
        dims = tuple(dim for dim in order if dim in new.dims)
        return new if new.dims == dims else Transpose(new, dims).output

    def with_features(self, new: Tensor, old: Tensor) -> Tensor:
        """
        All steps of a value, of which the last axis of fixed size is that of the features, as in a step.

        It may be another one if the axis of the steps has a fixed size, or where the value took its axes from the one
        of its inputs that has most of them, which with the steps may be another input than in a step.
        """
        feature = _last_static(old.dims)
        if feature is None or _last_static(new.dims) is self.dims.get(feature, feature):
            return new
        return self.ordered(new, old)


def _last_static(dims: tuple[Dim, ...]) -> Dim | None:
    return next((dim for dim in reversed(dims) if dim.is_static), None)


class WholeSequences(WholeValues):
    """
    All steps of a loop of which it is known before it runs how many it makes.

    :param steps: the Dim of the steps
    """

    def __init__(self, graph: StepGraph, around: Body, steps: StepsDim, read: Read):
        super().__init__(graph, around, steps.dim, read)
        self.steps = steps

    def entering(self, x: Tensor) -> Tensor:
        """What is unstacked is the sequence itself."""
        if isinstance(x.op, UnstackOp):
            return self.with_features(self.steps.of(self.read(x.op.inputs[0])), x)
        return self.numbers() if isinstance(x.op, LoopIndex) else super().entering(x)

    def count(self) -> Tensor:
        """``range_in_axis``."""
        return RangeInAxis(self.axis, self.like()).output

    def like(self) -> Tensor:
        """What gives the loop its length."""
        assert self.loop.length_source is not None
        return self.steps.of(self.read(self.loop.length_source))


class StackedValues(WholeValues):
    """
    All steps that a loop made which ends itself. All that they read comes by way of the loop, as it alone knows how
    many there are.

    :param new_loop: that loop
    """

    def __init__(self, graph: StepGraph, around: Body, new_loop: LoopOp, read: Read):
        super().__init__(graph, around, new_loop.get_axis(), read)
        self.new_loop = new_loop
        self._from_before: set[Tensor] = set()

    def get(self, x: Tensor) -> Tensor:
        """All steps of an old value that the steps read."""
        whole = super().get(x)
        if x not in self.values:
            self._from_before.add(whole)
        return whole

    def full(self, x: Tensor) -> Tensor:
        """A value from before the loop is stacked as well: in a search there are steps for each hypothesis."""
        assert self.new_loop is not None
        return self.new_loop.stack(x) if x in self._from_before else super().full(x)

    def count(self) -> Tensor:
        """The stacked numbers of the steps."""
        assert self.new_loop is not None
        with self.around.recording.at(self.new_loop.body_of_steps):
            index = LoopIndex(self.new_loop).output
        return self.new_loop.stack(index)

    def like(self) -> Tensor:
        """What is stacked in any case, or the numbers of the steps."""
        assert self.new_loop is not None
        stacked = [result for result in self.new_loop.results if isinstance(result, StackOp)]
        return stacked[0].output if stacked else self.numbers()
