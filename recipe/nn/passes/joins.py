"""
Joins: an op that only one other reads becomes an option of that one, or the other way round.

- The dropout of what a Linear or an LSTM reads: their option ``dropout``.
- The activation function of a Linear: its option ``activation``.
- Functions of one value after one another, with numbers in them: one :class:`Chain`.
"""

from __future__ import annotations

from ..ops.activation import Activation
from ..ops.chain import Chain, link_of, value_of
from ..ops.dropout import Dropout
from ..ops.linear import LinearOp
from ..ops.lstm import LstmCellOp, LstmSequence
from ..ops.softmax import Softmax
from ..program.program import Program
from ..record.graph import Body, Op
from .rewriting import Rewriting
from .uses import uses

_WITH_DROPOUT = (LinearOp, LstmSequence, LstmCellOp)


def join(program: Program) -> Program:
    """The same program with ops joined."""
    return Joins(program).run()


class Joins(Rewriting):
    """See :func:`join`."""

    def __init__(self, program: Program):
        super().__init__(program)
        self._uses = uses(program)
        self._joined_dropouts = {
            op.inputs[0].op
            for op in program.needed
            if isinstance(op, _WITH_DROPOUT) and isinstance(op.inputs[0].op, Dropout) and self._is_only_for(op)
        }

    def _is_only_for(self, op: Op) -> bool:
        """Whether what an op reads first is of its body, and nothing else reads it."""
        return op.inputs[0].op.body is op.body and self._uses[op.inputs[0]] == 1

    def copy_plain(self, op: Op, body: Body) -> None:
        """Copies an op, joined to what it reads where that can be."""
        if op in self._joined_dropouts:
            return
        if isinstance(op, _WITH_DROPOUT) and op.inputs[0].op in self._joined_dropouts:
            self._copy_with_dropout(op, body)
        elif not self._joined_to_linear(op) and not self._joined_to_chain(op, body):
            super().copy_plain(op, body)

    def _copy_with_dropout(self, op: Op, body: Body) -> None:
        dropout = op.inputs[0].op
        assert isinstance(dropout, Dropout)
        new = op.rebuilt(body, [self.read(dropout.inputs[0]), *(self.read(tensor) for tensor in op.inputs[1:])])
        new.dropout = dropout.rate
        self.stands_for(op, new.outputs)

    def _joined_to_linear(self, op: Op) -> bool:
        """Whether an activation function became an option of the Linear that it is of."""
        kind = activation_of_features(op)
        if kind is None or not self._is_only_for(op):
            return False
        linear = self.read(op.inputs[0]).op
        if not isinstance(linear, LinearOp) or linear.activation is not None:
            return False
        if isinstance(op, Softmax) and op.axis is not linear.out_dim:
            return False
        linear.activation = kind
        self.stands_for(op, [linear.output])
        return True

    def _joined_to_chain(self, op: Op, body: Body) -> bool:
        """Whether a function of one value was joined to the one before it."""
        link = link_of(op)
        if link is None:
            return False
        x = value_of(op)
        before = self.read(x).op
        if x.op.body is not op.body or self._uses[x] != 1:
            return False
        if isinstance(before, Chain):
            chain = Chain(before.inputs[0], (*before.links, link))
        else:
            first = link_of(before)
            if first is None:
                return False
            chain = Chain(value_of(before), (first, link))
        self.stands_for(op, [chain.output])
        return True


def activation_of_features(op: Op) -> str | None:
    """The name of an activation function that can be an option of a Linear; None for other ops."""
    if isinstance(op, Activation) and op.kind not in ("negative", "logical_not"):
        return op.kind
    if isinstance(op, Softmax) and op.axis.is_static and op.inputs[0].dims[-1] is op.axis and op.energy_factor == 1.0:
        return op.name
    return None
