"""The graph of a step: the ops of a loop's body, and which of them reads which."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from ...ops.choice import Choice
from ...ops.history import CumConcat
from ...ops.positional_encoding import PositionalEncoding
from ...record.graph import Op, Tensor
from ...record.loops import LoopIndex, LoopOp, PreviousOp, ResultOp, UnstackOp
from ...record.reads import read_by_loop

Edges = dict[Op, list[Op]]


class StepGraph:
    """
    What a loop computes in each step.

    A state reads its new value, so that the graph goes from step to step. A loop inside counts as one op, which reads
    all that its steps read, and its results read it.

    :param loop: the loop
    :param needed: the ops of the program that losses and outputs depend on
    :ivar ops: those of the body, in their order
    :ivar results: what leaves the loop
    :ivar tensors: the values of the body that each op reads
    :ivar reads: the ops of the body that each op reads
    :ivar readers: the ops of the body that read each op
    :ivar varying: the ops whose results may differ between steps
    :ivar is_search: whether labels are chosen in it
    :ivar has_known_steps: whether it is known before the loop runs which steps it makes: as many as its input has
        frames, for each sequence once, and not for each hypothesis of a search
    """

    def __init__(self, loop: LoopOp, needed: Collection[Op]):
        self.loop = loop
        self.needed = needed
        self.ops = [op for op in loop.body_of_steps.ops if op in needed]
        self.results = [result for result in loop.results if result in needed]
        self.is_search = any(isinstance(op, Choice) for op in self.ops)
        self.has_known_steps = loop.runs_to_the_end and not self.is_search
        inside = set(self.ops)
        self.tensors = {op: [tensor for tensor in tensors_read(op) if tensor.op in inside] for op in self.ops}
        self.reads: Edges = {op: [tensor.op for tensor in tensors] for op, tensors in self.tensors.items()}
        for op in self.ops:
            if isinstance(op, ResultOp):
                self.reads[op].append(op.result_of)
        self.readers = turned(self.reads)
        self.varying = reach((op for op in self.ops if self._varies_by_itself(op)), self.readers)

    def _varies_by_itself(self, op: Op) -> bool:
        if isinstance(op, (UnstackOp, LoopIndex)):
            return op.loop is self.loop
        if isinstance(op, PreviousOp):
            return not op.is_constant
        if isinstance(op, LoopOp):
            return self._has_random_ops(op)
        return op.is_random or (isinstance(op, PositionalEncoding) and op.axis is None)

    def _has_random_ops(self, loop: LoopOp) -> bool:
        """Whether steps of a loop inside draw random numbers, other ones each time that it runs."""
        return any(
            self._has_random_ops(op) if isinstance(op, LoopOp) else op.is_random and not isinstance(op, CumConcat)
            for op in loop.body_of_steps.ops
            if op in self.needed
        )

    def users(self, tensor: Tensor) -> list[Op]:
        """What reads a value of the body: ops of it, states, and results of the loop."""
        users = [op for op in self.readers[tensor.op] if any(read is tensor for read in self.tensors[op])]
        return [*users, *(result for result in self.results if result.inner is tensor)]


def tensors_read(op: Op) -> Collection[Tensor]:
    """What an op reads; of a state its new value, of a loop all that its steps read."""
    if isinstance(op, PreviousOp):
        return [] if op.final is None or op.is_constant else [op.final]
    if isinstance(op, LoopOp):
        return {*read_by_loop(op), *op.inputs, *_length_sources(op)}
    return op.inputs


def _length_sources(loop: LoopOp) -> list[Tensor]:
    """What gives a loop and those inside of it their lengths."""
    own = [] if loop.length_source is None else [loop.length_source]
    inside = [op for op in loop.body_of_steps.ops if isinstance(op, LoopOp)]
    return [*own, *(source for inner in inside for source in _length_sources(inner))]


def turned(edges: Mapping[Op, Sequence[Op]]) -> Edges:
    """The same edges the other way round."""
    other: Edges = {op: [] for op in edges}
    for op, ends in edges.items():
        for end in ends:
            other[end].append(op)
    return other


def reach(start: Iterable[Op], edges: Mapping[Op, Sequence[Op]]) -> set[Op]:
    """These ops, and all that edges lead to from them."""
    todo = list(start)
    seen = set(todo)
    while todo:
        for op in edges[todo.pop()]:
            if op not in seen:
                seen.add(op)
                todo.append(op)
    return seen


def in_order(ops: Sequence[Op], reads: Mapping[Op, Sequence[Op]]) -> list[Op]:
    """These ops, each after those of them that it reads, which go in no circle; else as they stand."""
    if not any(isinstance(op, PreviousOp) for op in ops):
        return list(ops)
    wanted, done, ordered = set(ops), set[Op](), list[Op]()
    for first in ops:
        todo = [first]
        while todo:
            op = todo[-1]
            missing = [other for other in reads[op] if other in wanted and other not in done]
            if op in done or not missing:
                todo.pop()
                if op not in done:
                    done.add(op)
                    ordered.append(op)
            else:
                todo.extend(reversed(missing))
    return ordered
