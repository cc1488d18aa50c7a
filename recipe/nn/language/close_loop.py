"""The end of a loop's body: states get their new values, what depends on no step moves out, results leave."""

from __future__ import annotations

from ..ops.constants import constant, constant_value
from ..ops.elementwise import Where, expand
from ..ops.reduce import reduce_sum
from ..plain.dim import batch_dim
from ..plain.dims import dims_text
from ..plain.errors import NetworkError, did_you_mean, warn
from ..record.graph import Body, Op, Recorder, Tensor
from ..record.loops import FinalState, LastOp, LoopOp, PreviousOp
from ..record.reads import read_in_step
from ..record.state_leaf import StateLeaf
from ..record.unknown_start import error_about_start
from .assignable import check_assignable
from .from_outside import check_unstacked_states
from .other_lengths import check_lengths, differing


def close(loop: LoopOp) -> None:
    """
    Ends the body: completes the states, moves out what does not depend on the step, gives the states' new values.

    :raises NetworkError: if the loop has no length, or a state's shape cannot be found
    """
    body, recording = loop.body_of_steps, loop.body.recording
    if not loop.axis_is_known and loop.axis_is_given and loop.input_axis.is_static:
        with recording.at(loop.body):  # no tensor has the axis, but its size is known
            loop.set_length_source(constant(0.0, [loop.input_axis]))
    if not loop.axis_is_known and loop.end is None:
        raise NetworkError(
            "this loop has no length: unstack something, end it with loop.end(condition), or give it the axis "
            "of a tensor: nn.Loop(axis=...)" + (". max_seq_len alone only limits it" if loop.has_limit else ""),
            loop.source,
        )
    _complete_states(loop)
    check_unstacked_states(loop)
    _stack_losses(body, recording)
    last_of = {leaf: _with_last_value(loop, op) for leaf, op in loop.previous.items() if not op.is_constant}
    for result in loop.results:
        if isinstance(result, LastOp):
            result.inner = _per_sequence(loop, result.inner)
    loop.previous.update({op.leaf: op for op in last_of.values()})
    _inline_constant_states(loop)
    _join_kept_states(loop)
    loop.move_out()
    for op in [loop, *loop.results]:
        if op in loop.body.ops:
            loop.body.ops.remove(op)
        loop.body.ops.append(op)
    for result in loop.results:
        check_lengths(result)
        result.infer()
        recording.note_lengths(result)
    if loop.body.loop is not None:
        _sum_losses(loop, recording)
    for leaf, previous in last_of.items():
        if leaf in loop.kept:
            continue
        final = loop.add_result(FinalState(loop, previous)).output
        if loop.body.loop is not None and leaf in loop.body.values:
            check_assignable(leaf, loop.body.values[leaf], final, loop.previous[leaf].source)
        loop.body.values[leaf] = final


def last(loop: LoopOp, y: Tensor) -> Tensor:
    """
    A value of a loop in each sequence's last step; asked for in the loop or after it.

    :raises NetworkError: after the loop, for what was made of its results
    """
    if loop.body_of_steps.closed and isinstance(y.op, LastOp) and y.op.result_of is loop:
        return y
    if loop.body_of_steps.closed and _is_made_of_results(y, loop):
        raise NetworkError(f"{y} is made of results of the loop, so it is no value of its steps: use it as it is")
    known = [result for result in loop.results if isinstance(result, LastOp) and result.inner is y]
    if known:
        return known[0].output
    inner = _per_sequence(loop, y) if loop.body_of_steps.closed else y
    result = loop.add_result(LastOp(loop, inner))
    if loop.body_of_steps.closed:
        check_lengths(result)
    return result.output


def _is_made_of_results(tensor: Tensor, loop: LoopOp) -> bool:
    """Whether a value from after a loop depends on what left it."""
    todo, seen = [tensor.op], {tensor.op}
    while todo:
        new = read_in_step(todo.pop()) - seen
        seen |= new
        todo.extend(new)
    return loop in seen


def _complete_states(loop: LoopOp) -> None:
    body = loop.body_of_steps
    for leaf, value in list(body.values.items()):
        if leaf not in loop.previous:
            loop.carry(leaf, None)
            body.values[leaf] = value
    missing = [previous for previous in loop.previous.values() if previous.initial is None]
    for leaf, previous in loop.previous.items():
        previous.final = body.values[leaf]
        if previous.is_constant:
            if previous.initial is None:
                others = [other.name for other, op in loop.previous.items() if not op.is_constant]
                raise NetworkError(
                    f"state {leaf.label} is read, but never assigned, neither in the loop nor before it."
                    f"{did_you_mean(leaf.name, others)}",
                    previous.source,
                )
            is_meant = _is_state_of_loop_around(loop, leaf) or previous in loop.unstacked_states
            if leaf not in loop.assigned and not is_meant:
                warn(
                    f"state {leaf.label} is read in the loop, but never assigned in it, so it has its initial "
                    "value in each step. Give it a new value in the loop: loop.state.NAME = ..., or "
                    "state.assign(...)",
                    previous.source,
                )
    for previous in missing:
        final = previous.final
        if final is None or final.known_dims is None:
            raise NetworkError(
                f"the shape of state {previous.leaf.label} cannot be found from what is assigned to it. Give it "
                "an initial value before the loop body, for example nn.zeros([nn.batch_dim, dim])",
                previous.source,
            )
        with loop.body.recording.at(loop.body):
            zero = constant(
                False if final.dtype == "bool" else 0, final.dims, dtype=final.dtype, sparse_dim=final.sparse_dim
            )
        previous.initial = zero
    unknown = [previous for previous in loop.previous.values() if _has_unknown_start(previous)]
    for previous in unknown:
        _complete_around(previous)
    if missing or unknown:
        try:
            infer_again(body)
        except NetworkError as error:
            raise _about_start(missing) or error from None
        for previous in missing:
            assert previous.initial is not None and previous.final is not None
            if set(previous.final.dims) != set(previous.initial.dims):
                raise NetworkError(
                    f"state {previous.leaf.label} would change its dims from {dims_text(previous.initial.dims)} "
                    f"to {dims_text(previous.final.dims)} in each step; give it an initial value",
                    previous.source,
                )


def _about_start(missing: list[PreviousOp]) -> NetworkError | None:
    """The error about a state that was read as a float, as it has no initial value, and turns out to be none."""
    for previous in missing:
        final = previous.final
        if final is not None and not final.dtype.startswith("float"):
            return error_about_start(previous, final.dtype, final.sparse_dim, final.dims, previous.source)
    return None


def _has_unknown_start(previous: PreviousOp) -> bool:
    """Whether it starts with a state of a loop around of which the dims are not known yet, but are from now on."""
    final = previous.final
    if previous.is_constant or final is None or final.known_dims is None or previous.initial is None:
        return False
    return previous.initial.known_dims is None and isinstance(previous.initial.op, PreviousOp)


def _complete_around(previous: PreviousOp) -> None:
    """Gives the state of the loop around that a state starts with the dims of what is assigned to this one: zeros."""
    assert previous.initial is not None and previous.final is not None
    around, final = previous.initial.op, previous.final
    assert isinstance(around, PreviousOp)
    if around.initial is None:
        with around.loop.body.recording.at(around.loop.body):
            zero = False if final.dtype == "bool" else 0
            around.initial = constant(zero, final.dims, dtype=final.dtype, sparse_dim=final.sparse_dim)
    else:
        around.final = final
        _complete_around(around)
        around.final = None
    infer_again(around.loop.body_of_steps)


def infer_again(body: Body) -> None:
    """Finds the dims of all that a body has, also in loops inside, as those of a state are known now."""
    for op in body.ops:
        if isinstance(op, LoopOp):
            infer_again(op.body_of_steps)
        else:
            try:
                op.infer()
            except NetworkError as error:
                raise error.at(op.source) from None


def _per_sequence(loop: LoopOp, tensor: Tensor) -> Tensor:
    """A value of the body with a batch dim, if its last one may be that of different steps."""
    if not loop.ends_per_sequence or batch_dim in (tensor.known_dims or ()):
        return tensor
    with loop.body.recording.at(loop.body_of_steps):
        return expand(tensor, [batch_dim])


def _with_last_value(loop: LoopOp, previous: PreviousOp) -> PreviousOp:
    """The state whose last value is that of a state: itself, or one that differs between sequences."""
    assert previous.final is not None and previous.initial is not None
    final = _per_sequence(loop, previous.final)
    if final is previous.final:
        return previous
    with loop.body.recording.at(loop.body):
        initial = expand(previous.initial, [batch_dim])
    with loop.body.recording.at(loop.body_of_steps):
        per_sequence = PreviousOp(loop, StateLeaf(f"{previous.leaf.name}_per_sequence", None), initial)
    per_sequence.final = final
    return per_sequence


def _inline_constant_states(loop: LoopOp) -> None:
    """What reads a state that no step changes reads its initial value instead, which may stand outside of loops."""
    replaced = {op.output: op.initial for op in loop.previous.values() if op.is_constant and op.initial is not None}
    if replaced:
        loop.replace(replaced)


def _join_kept_states(loop: LoopOp) -> None:
    """What a mask keeps of a value is the state that the value is assigned to, where that is the same variable."""
    position = {op: number for number, op in enumerate(loop.body_of_steps.ops)}
    for leaf in loop.kept:
        kept = loop.previous[leaf]
        for other in loop.previous.values():
            if other is not kept and _is_same_variable(kept, other, position):
                assert kept.final is not None and other.final is not None
                loop.replace({kept.output: other.output, kept.final: other.final})
                del loop.previous[leaf]
                loop.body_of_steps.values.pop(leaf, None)
                break


def _is_state_of_loop_around(loop: LoopOp, leaf: StateLeaf) -> bool:
    around = loop.body.loop
    while around is not None:
        if leaf in around.previous:
            return True
        around = around.body.loop
    return False


def _is_same_variable(kept: PreviousOp, other: PreviousOp, position: dict[Op, int]) -> bool:
    """Whether two states start alike and are assigned alike, the other one before this one."""
    if kept.final is None or other.final is None or kept.initial is None or other.initial is None:
        return False
    first, second = other.final.op, kept.final.op
    return (
        isinstance(first, Where)
        and isinstance(second, Where)
        and all(a is b for a, b in zip(first.inputs[:2], second.inputs[:2]))
        and first.inputs[2] is other.output
        and second.inputs[2] is kept.output
        and position.get(first, 0) < position.get(second, 0)
        and constant_value(kept.initial) is not None
        and constant_value(kept.initial) == constant_value(other.initial)
        and set(kept.initial.dims) == set(other.initial.dims)
    )


def _stack_losses(body: Body, recording: Recorder) -> None:
    """
    Losses in a body that ends are stacked into the one around, summed along axes with other lengths in each step.

    So are those that were moved out already, for ``loop.unstack(f(x))``.
    """
    assert body.loop is not None
    for index, loss in enumerate(recording.losses):
        if loss.tensor.op.body is body or loss.tensor.op in body.loop.moved_out:
            axes = [dim for dim in loss.tensor.dims if differing(body.loop, dim) is not None]
            with recording.at(body):
                of_step = reduce_sum(loss.tensor, axes) if axes else loss.tensor
            recording.losses[index] = loss._replace(tensor=body.loop.stack(of_step))
    body.closed = True


def _sum_losses(loop: LoopOp, recording: Recorder) -> None:
    """
    Sums the losses of a loop inside of another one over its steps: they leave the one around together with others.

    All axes but the first with lengths are summed in any case, see :class:`recipe.nn.NumpyRun`.
    """
    for index, loss in enumerate(recording.losses):
        if loss.tensor.op in loop.results:
            axes = [dim for dim in loss.tensor.dims if dim is loop.get_axis() or dim.is_dynamic]
            recording.losses[index] = loss._replace(tensor=reduce_sum(loss.tensor, axes))


def complete_losses(recording: Recorder) -> None:
    """Gives losses with lengths a batch dim: the lengths are per sequence, so are the frames that they count."""
    for index, loss in enumerate(recording.losses):
        dims = loss.tensor.dims
        if batch_dim not in dims and any(dim.is_dynamic for dim in dims):
            recording.losses[index] = loss._replace(tensor=expand(loss.tensor, [batch_dim]))
