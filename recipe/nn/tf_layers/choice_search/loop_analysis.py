"""What RETURNN does with the ops of a loop and the layers that they become: what it moves out, what it can hold."""

from __future__ import annotations

from ...ops.choice import Choice
from ...ops.constants import constant_value
from ...ops.inputs import ParameterOp
from ...record.graph import Op, Tensor
from ...record.loops import LoopIndex, LoopOp, PreviousOp, ResultOp, StackOp, UnstackOp
from ...record.reads import leading_to, read_in_step
from ..layer_graph import references
from ..layers import (
    InputReference,
    Layer,
    PreviousLayer,
)


def can_be_output(op: LoopOp, result: StackOp) -> bool:
    """Whether RETURNN can stack it as ``output``: in a loop that ends itself it takes any lengths for the loop's."""
    return not (op.counts_steps or not op.axis_is_known) or not any(dim.is_dynamic for dim in result.inner.dims)


def is_of_frames(tensor: Tensor, loop: LoopOp) -> bool:
    """
    Whether a value of a step is computed from frames, of this or earlier steps, parameters and numbers alone: frames by
    ``rec_unstack``, of which RETURNN knows what the axis of the steps is.
    """
    todo, seen, states = [tensor], {tensor}, set[Op]()
    while todo:
        op = todo.pop().op
        if isinstance(op, UnstackOp) and op.loop is loop and not loop.counts_steps:
            continue
        if isinstance(op, PreviousOp) and op.final is not None and op not in states:
            states.add(op)
            todo.append(op.final)
            continue
        read = [x for x in op.inputs if not isinstance(x.op, ParameterOp) and (x.dims or constant_value(x) is None)]
        if not read or isinstance(op, (PreviousOp, ResultOp, UnstackOp)):
            return False
        todo.extend(x for x in read if x not in seen or isinstance(x.op, PreviousOp))
        seen.update(read)
    return True


def is_history_without_steps(loop: LoopOp, needed: frozenset[Op]) -> bool:
    """
    Whether something of the steps so far is computed from them and from values of outside alone.

    Before the loop, RETURNN has the frames of all steps as the steps so far, and no other axis over the steps then.
    """
    history = loop.known_history_dim
    if history is None:
        return False
    of_steps: set[Tensor] = set()
    for op in loop.body_of_steps.ops:
        is_history = any(history in (x.known_dims or ()) for x in op.inputs)
        if isinstance(op, (UnstackOp, PreviousOp, LoopIndex)) or any(x in of_steps for x in op.inputs):
            if is_history or not any(history in (x.known_dims or ()) for x in op.outputs):
                of_steps.update(op.outputs)
        elif is_history and op in needed:
            return True
    return False


def choices_behind(tensor: Tensor) -> set[Op]:
    """The choices of the same step that a value depends on."""
    loop = tensor.op.body.loop
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        new = {x.op for x in todo.pop().inputs if x.op.body.loop is loop} - seen
        seen |= new
        todo.extend(new)
    return {op for op in seen if isinstance(op, Choice)}


def staying_ops(loop: LoopOp, needed: frozenset[Op]) -> set[Op]:
    """
    The ops that RETURNN surely computes in each step of a loop.

    It moves out what no op in the loop reads, and what reads no op in the loop, again and again. What remains leads
    from a state (or choice) to a state, a choice, or the end.
    """
    ops = {op for op in loop.body_of_steps.ops if op in needed}
    reads: dict[Op, set[Op]] = {op: {tensor.op for tensor in op.inputs} & ops for op in ops}
    for op in ops:
        if isinstance(op, PreviousOp) and op.final is not None:
            reads[op] = {op.final.op} & ops
        elif isinstance(op, ResultOp):
            reads[op] = {op.result_of}
        elif isinstance(op, LoopOp):
            reads[op] = {tensor.op for tensor in op.read_from_outside()} & ops
    fixed = {op for op in ops if isinstance(op, (Choice, LoopOp, ResultOp)) or op.is_random}
    ending = {loop.end.op} if loop.end is not None else set()
    gathered = {op for op in ops if isinstance(op, UnstackOp)} if loop.counts_steps else set()
    while True:
        read = {other for op in ops for other in reads[op] & ops}
        moved = {
            op
            for op in ops - fixed
            if (op not in read and op not in ending) or (op not in gathered and not reads[op] & ops)
        }
        if not moved:
            return ops
        ops -= moved


def states_of_cycle(inner: LoopOp, loops: list[LoopOp], states: list[PreviousOp]) -> list[PreviousOp]:
    """
    The states that ``inner`` gives values to, and that lead to what it reads.

    If it counts its steps, only what another of the loops in the body reads, too: RETURNN needs to know the number of
    steps before it looks at states. The same if it depends on choices of a search around: RETURNN would take ``inner``
    for something that also depends on those of the step before.

    :param loops: all in the body of ``inner``
    :param states: those of the loop around
    """
    read = {op for op in read_in_step(inner) if op.body is inner.body}
    depends_on_choices = any(isinstance(x, Choice) for op in read for x in leading_to(op, over_steps=True))
    if inner.end is not None or inner.counts_steps or depends_on_choices:
        read &= {op for other in loops if other is not inner for op in read_in_step(other)}
    behind_read = {behind for op in read for behind in leading_to(op)}
    finals = {state: state.final.op for state in states if state in behind_read and state.final is not None}
    return [state for state, final in finals.items() if inner in leading_to(final)]


def makes_whole_or_bool_of_state(op: Op) -> bool:
    """
    Whether an op makes a whole number or a bool of a state, but not the state's next value at once.

    RETURNN takes a state of which it knows nothing yet for a float, and may not find out about the ops that lead back
    to it; so these say their type.
    """
    if len(op.outputs) != 1 or op.output.dtype not in ("int32", "bool"):
        return False
    return any(isinstance(x.op, PreviousOp) and x.op.final is not op.output for x in op.inputs)


def can_hold_state(layer: Layer) -> bool:
    """Whether ``prev:`` of a layer may be a state: not of one that is a state already, nor of LSTM units."""
    return "initial_output" not in layer.options and layer.options["class"] != "rec"


_SHAPED_BY_OPTIONS = ("linear", "rec", "get_last_hidden_state")


def shape_is_plain(layer: Layer) -> bool:
    """Whether RETURNN finds the shape of a state's layer without the state; else its initial value must have dims."""
    if not _has_batch(layer):
        return False
    todo, seen = [layer], set()
    while todo:
        layer = todo.pop()
        if layer in seen or layer.options["class"] in _SHAPED_BY_OPTIONS and "out_dim" in layer.options:
            continue
        seen.add(layer)
        for reference in references(layer.options):
            if isinstance(reference, PreviousLayer):
                return False
            source = reference.layer()
            if source is not None and source.network is layer.network:
                todo.append(source)
    return True


def _has_batch(layer: Layer) -> bool:
    """Whether a layer in a loop reads something else than states, so that RETURNN knows that it has a batch dim."""
    todo, seen = [layer], {layer}
    while todo:
        here = todo.pop()
        for reference in references(here.options.get("from", [])):
            source = reference.layer()
            if isinstance(reference, InputReference) or (source is not None and source.network.parent is None):
                return True
            if source is not None and source not in seen and not isinstance(reference, PreviousLayer):
                seen.add(source)
                todo.append(source)
    return False
