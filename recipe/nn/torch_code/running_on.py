"""
States that may run on after the end of their sequence: of which nothing is read any more, and which stay finite.

Else a state is held there, ``torch.where(alive, new, old)``, which costs an operation in each step. What runs on must
stay finite, as a gradient of 0 times what is no number is no number. So all that is computed of it is looked at: it may
come only from ops that keep finite values finite, and the state's new value must not be able to grow faster than by
what is added to it in a step.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable

from ..ops.activation import Activation
from ..ops.array import Concat, ReplaceDim, Slice, Split, Squeeze
from ..ops.dot import Dot
from ..ops.dropout import Dropout
from ..ops.elementwise import Cast, Combine, Compare, Where
from ..ops.expand import Expand
from ..ops.history import CumConcat, SelectedHistory
from ..ops.hypotheses import Select
from ..ops.layer_norm import LayerNormOp
from ..ops.linear import LinearOp
from ..ops.loss import ArgMax, SparseCrossEntropy
from ..ops.lstm import LstmCellOp
from ..ops.reduce import Reduce
from ..ops.reshape import MergeDims, SplitDims
from ..ops.softmax import Softmax
from ..ops.top_k import TopK
from ..ops.transpose import Transpose
from ..plain.dim import batch_dim
from ..record.graph import Op, Tensor
from ..record.loops import FinalState, LoopOp, PreviousOp


class Growth(enum.IntEnum):
    """How large a value can be, in terms of the states that run on."""

    BOUNDED = 0
    """No larger for larger states; of labels, always valid."""
    AS_STATES = 1
    """As the largest of them, and a constant."""
    BEYOND = 2
    """Larger, but finite in a step."""


def running_on(loop: LoopOp, needed: Iterable[Op]) -> set[PreviousOp]:
    """
    The states of a loop that need not be held at the end of their sequence.

    :param needed: the ops that are written
    """
    needed = frozenset(needed)
    read_after = {result.previous for result in loop.results if isinstance(result, FinalState) and result in needed}
    states = [op for op in loop.previous.values() if op in needed and not op.is_constant]
    found = {op for op in states if op not in read_after and batch_dim in op.output.dims}
    while found:
        held = _to_be_held(loop, needed, found)
        if not held:
            break
        found -= held
    return found


def _to_be_held(loop: LoopOp, needed: frozenset[Op], found: set[PreviousOp]) -> set[PreviousOp]:
    """Those of some states that may not run on, if the others do."""
    growth: dict[Tensor, Growth] = {}
    sources: dict[Tensor, set[PreviousOp]] = {}
    for state in found:
        growth[state.output] = Growth.BOUNDED if state.output.sparse_dim is not None else Growth.AS_STATES
        sources[state.output] = {state}
    for op in loop.body_of_steps.ops:
        if op not in needed or isinstance(op, PreviousOp):
            continue
        if isinstance(op, LoopOp):
            return found  # what its steps do is not looked at
        read = [x for x in op.inputs if x in sources]
        if not read:
            continue
        of = set[PreviousOp]().union(*(sources[x] for x in read))
        rule = _RULES.get(type(op))
        results = None if rule is None else rule(op, [growth.get(x, Growth.BOUNDED) for x in op.inputs])
        if results is None:
            return of
        for tensor, result in zip(op.outputs, results):
            growth[tensor], sources[tensor] = result, of
    allowed = {state: growth[state.output] for state in found}
    return {s for s in found if s.final is not None and growth.get(s.final, Growth.BOUNDED) > allowed[s]}


Rule = Callable[[Op, list[Growth]], "list[Growth] | None"]
"""How large the results are, by how large the inputs are; None if one may be no finite number."""


def _as_inputs(op: Op, inputs: list[Growth]) -> list[Growth]:
    """Entries of the inputs, in another place."""
    return [max(inputs)] * len(op.outputs)


def _bounded(op: Op, inputs: list[Growth]) -> list[Growth]:
    return [Growth.BOUNDED] * len(op.outputs)


def _product(op: Op, inputs: list[Growth]) -> list[Growth]:
    """What is finite, and bounded where the inputs are."""
    return [Growth.BOUNDED if max(inputs) is Growth.BOUNDED else Growth.BEYOND] * len(op.outputs)


def _linear(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    assert isinstance(op, LinearOp)
    if op.inputs[0].sparse_dim is not None:
        return [Growth.BOUNDED] if inputs[0] is Growth.BOUNDED else None  # a label may be none of the table
    return _product(op, inputs)


def _combine(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    assert isinstance(op, Combine)
    if op.kind in ("logical_and", "logical_or"):
        return [Growth.BOUNDED]
    if op.kind in ("maximum", "minimum"):
        return [max(inputs)]
    if op.kind not in ("add", "sub", "mul"):
        return None
    if not op.output.dtype.startswith("float"):  # as a label it may be none
        return [Growth.AS_STATES if op.kind != "mul" and min(inputs) is Growth.BOUNDED else Growth.BEYOND]
    if op.kind != "mul" and min(inputs) is Growth.BOUNDED:
        return [max(inputs)]
    return _product(op, inputs)


def _activation(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    assert isinstance(op, Activation)
    if op.kind in ("tanh", "sigmoid", "logical_not"):
        return [Growth.BOUNDED]
    return inputs if op.kind in ("relu", "negative") else None


def _softmax(op: Op, inputs: list[Growth]) -> list[Growth]:
    assert isinstance(op, Softmax)
    return _product(op, inputs) if op.log else [Growth.BOUNDED]


def _reduce(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    assert isinstance(op, Reduce)
    if batch_dim in op.axes or op.mode == "logsumexp":
        return None  # other sequences would read it
    return inputs if op.mode in ("max", "min") else _product(op, inputs)


def _cast(op: Op, inputs: list[Growth]) -> list[Growth]:
    return [Growth.BEYOND if op.inputs[0].dtype.startswith("float") and op.output.dtype == "int32" else max(inputs)]


def _select(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    return [inputs[0]] if inputs[1] is Growth.BOUNDED else None


def _lstm_cell(op: Op, inputs: list[Growth]) -> list[Growth] | None:
    """h is bounded, and c grows by 1 at most."""
    return [Growth.BOUNDED, max(inputs[-1], Growth.AS_STATES)] if max(inputs) < Growth.BEYOND else None


def _top_k(op: Op, inputs: list[Growth]) -> list[Growth]:
    return [inputs[0], Growth.BOUNDED, Growth.BOUNDED]


_RULES: dict[type[Op], Rule] = {
    **dict.fromkeys([Concat, ReplaceDim, Slice, Split, Squeeze, Expand, Transpose, MergeDims, SplitDims], _as_inputs),
    **dict.fromkeys([Compare, ArgMax, LayerNormOp], _bounded),
    **dict.fromkeys([Dot, Dropout, SparseCrossEntropy], _product),
    CumConcat: _as_inputs,
    SelectedHistory: _as_inputs,
    Where: lambda op, inputs: [max(inputs[1:])],
    LinearOp: _linear,
    Combine: _combine,
    Activation: _activation,
    Softmax: _softmax,
    Reduce: _reduce,
    Cast: _cast,
    Select: _select,
    LstmCellOp: _lstm_cell,
    TopK: _top_k,
}
"""By class; of any other the results may be no finite number."""
