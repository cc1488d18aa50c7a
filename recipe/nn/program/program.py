"""Program: the finished record, with what is asked of it: its losses, its outputs, and the ops that they depend on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy

from ..ops.choice import Choice
from ..ops.inputs import ExternDataOp, ParameterOp
from ..plain.delayed import Delayed
from ..plain.extern_data import ExternData
from ..plain.named import Named
from ..record.graph import Body, Op, Tensor
from ..record.loops import FinalState, LoopOp, PreviousOp, ResultOp
from ..record.recording import Loss


class Program:
    """
    What is to be computed; it knows no engine.

    :param root_body: the ops of the network itself, with loops, which have bodies of their own
    :param losses: what is trained on
    :param outputs: what is given out, with names
    :param scores: of the hypotheses of its searches, [batch, beam] each, where these are ops as any others
    """

    scores: tuple[Tensor, ...] = ()

    def __init__(
        self,
        root_body: Body,
        losses: Sequence[Loss],
        outputs: Sequence[tuple[str, Tensor]],
        scores: Sequence[Tensor] = (),
    ):
        self.root_body = root_body
        self.losses = tuple(losses)
        self.outputs = tuple(outputs)
        self.scores = tuple(scores)
        self.needed_tensors: frozenset[Tensor] = frozenset()
        self.needed: frozenset[Op] = frozenset()
        self._find_needed()

    @property
    def extern_data(self) -> dict[str, ExternData]:
        """The inputs that it reads, by name."""
        ops = [op for op in self.root_body.ops if isinstance(op, ExternDataOp) and op in self.needed]
        return {op.data.name: op.data for op in sorted(ops, key=lambda op: op.data.name)}

    @property
    def parameters(self) -> Named:
        """The parameters that it uses, by name."""
        ops = [op for op in self.root_body.ops if isinstance(op, ParameterOp) and op in self.needed]
        return Named({op.path: op.parameter for op in ops}, "network.parameters")

    @property
    def loops(self) -> tuple[LoopOp, ...]:
        """All loops that it runs, also those within loops."""
        return tuple(op for op in self.all_ops() if isinstance(op, LoopOp))

    @property
    def beam_sizes(self) -> dict[LoopOp, int | Delayed]:
        """The beam size of each loop that has choices by search."""
        return {
            op.body.loop: op.search.beam_size
            for op in self.all_ops()
            if isinstance(op, Choice) and op.body.loop is not None
        }

    def giving(self, outputs: Sequence[tuple[str, Tensor]]) -> Program:
        """
        What computes some of its tensors and no losses.

        :param outputs: tensors of this program, with the names that they are to have
        """
        return Program(self.root_body, (), outputs)

    def all_ops(self) -> Iterable[Op]:
        """All ops that are needed, body by body."""
        bodies = [self.root_body]
        while bodies:
            body = bodies.pop(0)
            for op in body.ops:
                if op in self.needed:
                    yield op
                    if isinstance(op, LoopOp):
                        bodies.append(op.body_of_steps)

    def ops_in_order(self, body: Body | None = None) -> Iterator[Op]:
        """All ops that are needed, in the order in which they are computed first: those of a loop behind the loop."""
        for op in (body or self.root_body).ops:
            if op in self.needed:
                yield op
                if isinstance(op, LoopOp):
                    yield from self.ops_in_order(op.body_of_steps)

    def is_kept(self, tensor: Tensor) -> bool:
        """Whether an op that is needed computes with it, or keeps it as the value of a state."""
        states = (op for op in self.needed if isinstance(op, PreviousOp))
        return self.is_used(tensor) or any(tensor is state.initial or tensor is state.final for state in states)

    def is_used(self, tensor: Tensor) -> bool:
        """Whether an op that is needed computes with it, or it leaves its loop; being a state's new value is no use."""
        return any(
            any(read is tensor for read in op.inputs)
            or (isinstance(op, ResultOp) and op.inner is tensor)
            or (isinstance(op, LoopOp) and op.end is tensor)
            for op in self.needed
        )

    def random_parameters(self, seed: int = 0) -> dict[str, numpy.ndarray]:
        """Start values for all parameters, by name."""
        generator = numpy.random.default_rng(seed)
        return {
            name: parameter.initial.sample(parameter.shape, generator)
            for name, parameter in sorted(self.parameters.items())
        }

    def _find_needed(self) -> None:
        """Marks what outputs and losses depend on."""
        tensors: set[Tensor] = set()
        ops: set[Op] = set()
        todo = [loss.tensor for loss in self.losses] + [tensor for _, tensor in self.outputs] + list(self.scores)
        while todo:
            tensor = todo.pop()
            if tensor in tensors:
                continue
            tensors.add(tensor)
            todo.extend(self._needed_for(tensor.op, ops))
        self.needed_tensors, self.needed = frozenset(tensors), frozenset(ops)

    def _needed_for(self, op: Op, ops: set[Op]) -> list[Tensor]:
        if op in ops:
            return []
        ops.add(op)
        needed = list(op.inputs)
        if isinstance(op, PreviousOp):
            needed += [tensor for tensor in (op.initial, op.final) if tensor is not None]
        if isinstance(op, ResultOp):
            needed.append(op.inner)
            needed += self._needed_for(op.result_of, ops)
        if isinstance(op, FinalState):
            needed.append(op.previous.output)
        if isinstance(op, LoopOp):
            needed += [unstack.output for unstack in op.unstacked]
            if op.length_source is not None:
                needed.append(op.length_source)
            if op.end is not None:
                needed.append(op.end)
        if op.body.loop is not None:
            needed += self._needed_for(op.body.loop, ops)
        return needed
