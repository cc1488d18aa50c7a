"""How each kind of op is computed for all steps at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from ...ops.array import Concat
from ...ops.dot import Dot
from ...ops.dropout import Dropout
from ...ops.elementwise import Elementwise
from ...ops.expand import Expand
from ...ops.history import CumConcat
from ...ops.indexing import Gather
from ...ops.lengths import Length
from ...ops.loss import SmoothedLoss, SparseCrossEntropy
from ...ops.lstm import LstmCellOp, LstmSequence, LstmState
from ...ops.positional_encoding import PositionalEncoding
from ...ops.reduce import Reduce
from ...ops.shift import Shift
from ...ops.softmax import Softmax
from ...ops.transpose import Transpose
from ...record.graph import Op, Tensor
from ...record.loops import PreviousOp
from . import histories
from .whole_values import WholeValues

Outputs = Sequence[Tensor]


def compute_whole(whole: WholeValues, op: Op) -> None:
    """Records what gives an op's results for all steps at once, of the whole values of its inputs."""
    rule = next((RULES[kind] for kind in type(op).__mro__ if kind in RULES), plain)
    for old, new in zip(op.outputs, rule(whole, op)):
        whole.values[old] = whole.with_features(new, old)


def plain(whole: WholeValues, op: Op) -> Outputs:
    """The same op: it takes the axis of the steps as one more."""
    return whole.rebuilt(op, [whole.get(x) for x in op.inputs])


def state(whole: WholeValues, op: PreviousOp) -> Outputs:
    """Its new values one step later, after its initial value."""
    assert op.final is not None
    final = whole.full(whole.get(op.final))
    return Shift(final, whole.read(_initial(op)), whole.axis).outputs


def lstm_cell(whole: WholeValues, op: LstmCellOp) -> Outputs:
    """An LSTM over the sequence."""
    x, weight, recurrent, bias, h, c = op.inputs
    initial = [whole.read(_initial(previous.op)) for previous in (h, c)]
    parameters = [whole.get(parameter) for parameter in (weight, recurrent, bias)]
    frames = whole.full(whole.get(x))
    sequence = LstmSequence(frames, parameters, LstmState(*initial), whole.axis, 1)
    whole.sequences[op] = sequence
    return sequence.outputs[:1]


def positional_encoding(whole: WholeValues, op: PositionalEncoding) -> Outputs:
    """The number of the step is the position along the axis of the steps. The features have to be last."""
    x = whole.get(op.inputs[0])
    if op.axis is not None:
        return whole.rebuilt(op, [whole.ordered(x, op.inputs[0])])
    return PositionalEncoding(whole.ordered(whole.full(x), op.inputs[0]), whole.axis).outputs


def dropout(whole: WholeValues, op: Dropout) -> Outputs:
    """Each step draws its own mask."""
    return whole.rebuilt(op, [whole.full(whole.get(op.inputs[0]))])


def transpose(whole: WholeValues, op: Transpose) -> Outputs:
    """The order of axes matters at the end only."""
    return [whole.get(op.inputs[0])]


def elementwise(whole: WholeValues, op: Elementwise) -> Outputs:
    """It broadcasts where no input has all axes any more."""
    inputs = [whole.get(x) for x in op.inputs]
    if op.broadcast or _has_all_dims(inputs):
        return whole.rebuilt(op, inputs)
    new = copy.copy(op)
    new.broadcast = True
    return [whole.ordered(whole.rebuilt(new, inputs)[0], op.output)]


def with_equal_steps(whole: WholeValues, op: Op) -> Outputs:
    """All inputs have the axis of the steps, or none."""
    inputs = [whole.get(x) for x in op.inputs]
    if any(whole.axis in x.dims for x in inputs):
        inputs = [whole.full(x) for x in inputs]
    return whole.rebuilt(op, inputs)


def concat(whole: WholeValues, op: Concat) -> Outputs:
    """One input has all axes beside those that are joined."""
    inputs = [whole.get(x) for x in op.inputs]
    assert op.axes is not None
    rest = [[dim for dim in x.dims if dim is not axis] for x, axis in zip(inputs, op.axes)]
    largest = max(range(len(inputs)), key=lambda number: len(rest[number]))
    for x, dims in zip(inputs, rest):
        for dim in dims:
            if dim not in inputs[largest].dims:
                inputs[largest] = Expand(inputs[largest], x, dim).output
    return whole.rebuilt(op, inputs)


def _initial(op: Op) -> Tensor:
    assert isinstance(op, PreviousOp) and op.initial is not None
    return op.initial


def _has_all_dims(inputs: Sequence[Tensor]) -> bool:
    """Whether one of them has all dims that the others have."""
    largest = max(inputs, key=lambda x: len(x.dims))
    return all(dim in largest.dims for x in inputs for dim in x.dims)


RULES: dict[type[Op], Callable[[WholeValues, Any], Outputs]] = {
    PreviousOp: state,
    LstmCellOp: lstm_cell,
    PositionalEncoding: positional_encoding,
    Dropout: dropout,
    Transpose: transpose,
    Elementwise: elementwise,
    SparseCrossEntropy: with_equal_steps,
    SmoothedLoss: with_equal_steps,
    Concat: concat,
    CumConcat: histories.cum_concat,
    Softmax: histories.softmax,
    Reduce: histories.reduce,
    Dot: histories.dot,
    Gather: histories.gather,
    Length: histories.length,
}
"""Of the kinds that need more than the axis of the steps; others are :func:`plain`."""
