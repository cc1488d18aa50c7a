"""Which forms of the language a program has, to see in what share of many programs each occurs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from recipe import nn
from recipe.nn.ops.array import PostfixInTime, ReplaceDim
from recipe.nn.ops.choice import Choice
from recipe.nn.ops.constants import Constant
from recipe.nn.ops.convolution import ConvOp
from recipe.nn.ops.dot import Dot
from recipe.nn.ops.elementwise import Where
from recipe.nn.ops.history import CumConcat
from recipe.nn.ops.indexing import Gather
from recipe.nn.ops.lengths import RangeInAxis
from recipe.nn.ops.lstm import LstmCellOp, LstmSequence
from recipe.nn.ops.pooling import Pool
from recipe.nn.ops.reduce import Reduce
from recipe.nn.ops.softmax import Softmax
from recipe.nn.record.graph import Body, Op
from recipe.nn.record.loops import LoopIndex, LoopOp, PreviousOp, ResultOp

from .program import Program, Statement


class Place(NamedTuple):
    """
    Where a statement stands.

    :ivar loops: how many loops are around it
    :ivar branches: how many branches are around it, inside of the innermost loop
    :ivar all_branches: how many branches are around it, wherever
    """

    loops: int = 0
    branches: int = 0
    all_branches: int = 0


def placed(program: Program) -> Iterator[tuple[Statement, Place]]:
    """All statements with their places."""
    yield from _placed(program.before, Place())
    around = int(bool(program.around))
    yield from _placed(program.body, Place(1, 0, around))
    yield from _placed(program.after, Place())


def _placed(statements: Sequence[Statement], place: Place) -> Iterator[tuple[Statement, Place]]:
    for statement in statements:
        yield statement, place
        kind = statement[0]
        if kind in ("mask", "cond"):
            inside = Place(place.loops, place.branches + 1, place.all_branches + 1)
            for block in statement[2:]:
                yield from _placed(block, inside)
        elif kind in ("inner", "loop"):
            yield from _placed(statement[2 if kind == "inner" else 3], Place(place.loops + 1, 0, place.all_branches))


def features(program: Program, network: nn.Network) -> set[str]:
    """
    What a program has. What can be dead code in a program is looked for among the ops that its outputs need.

    :param network: what was recorded of it
    """
    recorded = _Recorded(network)
    found = {name for name, has in _IN_STATEMENTS.items() if any(has(*item) for item in placed(program))}
    found |= {name for name, has in _IN_PROGRAM.items() if has(program)}
    for op in network.all_ops():
        found |= recorded.of_op(op)
    return found


class _Recorded:
    """Features that the recorded ops show."""

    def __init__(self, network: nn.Network):
        self.network = network
        self.ops = list(network.all_ops())
        self.derived: dict[nn.Dim, str] = {}
        for op in self.ops:
            if isinstance(op, Pool):
                self.derived[op.out_dim] = "pooled"
            elif isinstance(op, ConvOp) and op.out_axis is not op.axis:
                self.derived[op.out_axis] = "strided"
            elif isinstance(op, (PostfixInTime, ReplaceDim)):
                self.derived[op.out_dim] = "postfixed" if isinstance(op, PostfixInTime) else "replaced"
        self.histories = {op.output.dims[1] for op in self.ops if isinstance(op, CumConcat)}
        self.searches = set(network.beam_sizes)
        self._behind: dict[tuple[Op, bool], frozenset[Op]] = {}

    def of_op(self, op: Op) -> set[str]:
        """Features of one op."""
        found: set[str] = set()
        if isinstance(op, LoopOp):
            found |= self._of_loop(op)
        loops = list(_loops_around(op.body))
        if not loops:
            return found
        axes = _reduced(op)
        for loop in loops:
            if loop.axis in axes:
                kind = "with" if self._depends_on_state(op, loop) else "without"
                found.add(f"own axis: reduced, {kind} a state")
                if isinstance(op, Softmax):
                    found.add(f"own axis: attention, {kind} a state")
        if isinstance(op, Where) and {LoopIndex, RangeInAxis} <= {
            type(other) for other in self.behind(op.inputs[0].op)
        }:
            found.add("mask over frames by the number of the step")
        if isinstance(op, Where) and self.histories.intersection(op.output.dims):
            found.add("history: where")
        if axes & self.histories:
            found.add(f"history: {type(op).__name__.lower()} over it")
        if isinstance(op, CumConcat):
            found |= self._of_history(op, loops[0])
        if isinstance(op, PreviousOp):
            found |= self._of_state(op)
        if isinstance(op, LstmSequence):
            found.add("Lstm over a sequence in a step")
            if self._depends_on_state(op, loops[-1]):
                found.add("Lstm over a sequence that a state is in")
        if isinstance(op, LstmCellOp):
            found.add("cell: " + ("carried alone" if op.carried_by() is not None else "in another way"))
        if isinstance(op, Gather) and not isinstance(op.inputs[1].op, Constant):
            found.add("gather by computed positions")
        for tensor in op.inputs:
            for dim in tensor.known_dims or ():
                if dim in self.derived and not tensor.op.body.is_inside(loops[-1].body_of_steps):
                    found.add(f"{self.derived[dim]} axis: of a value from outside, read in a loop")
        if any(loop in self.searches for loop in loops):
            found |= {f"search: {name}" for name, kind in _IN_SEARCH.items() if isinstance(op, kind)}
        return found

    def _of_loop(self, loop: LoopOp) -> set[str]:
        found = set()
        around = list(_loops_around(loop.body))
        what = "inner loop" if around else "loop"
        axis = loop.axis
        if axis in self.derived:
            found.add(f"{self.derived[axis]} axis: of a loop")
        if not loop.unstacked:
            found.add(f"{what}: over nothing" if axis is None else f"{what}: over a given axis")
        elif axis is not None and around:
            source = loop.unstacked[0].inputs[0]
            if axis in self.histories:
                found.add("inner loop: over a history")
            elif axis.is_static:
                found.add("inner loop: over a static axis")
            elif any(other.axis is axis for other in around):
                found.add("inner loop: over the axis of one around")
            elif source.op.body is not self.network.root_body:
                found.add("inner loop: over frames made in the step")
            else:
                found.add("inner loop: over frames from outside")
        if around and any(other in self.searches for other in around):
            found.add("search: inner loop")
            read = [tensor.op for tensor in loop.read_from_outside() if tensor.op in self.network.needed]
            if any(isinstance(op, Choice) for one in read for op in self.behind(one, in_all_steps=True)):
                found.add("search: inner loop that depends on what is chosen")
        if not around and any(
            isinstance(op, ResultOp) and op.result_of in self.searches
            for unstack in loop.unstacked
            for op in self.behind(unstack.inputs[0].op)
        ):
            found.add("search: loop over what it found")
        if loop.end is not None:
            found.add(f"{what}: with an end, include_eos={loop.include_eos}")
            if loop.unstacked:
                found.add(f"{what}: with frames and an end")
        if loop.has_limit and axis is not None:
            found.add(f"{what}: with frames and a limit")
        choices = [op for op in loop.body_of_steps.ops if isinstance(op, Choice) and op in self.network.needed]
        if choices:
            found.add("search")
            found |= {"search: two choices in a step"} if len(choices) > 1 else set()
            if len({choice.search.beam_size for choice in choices}) > 1:
                found.add("search: own beam sizes of choices")
            if loop.unstacked:
                found.add("search: over frames")
        if len([op for op in loop.body_of_steps.ops if isinstance(op, CumConcat) and op in self.network.needed]) > 1:
            found.add("history: several of one loop")
        return found

    def _of_history(self, op: CumConcat, loop: LoopOp) -> set[str]:
        found = {"history"}
        if self._depends_on_state(op, loop):
            found.add("history: of what depends on a state")
        if len(list(_loops_around(op.body))) > 1:
            found.add("history: of an inner loop")
        for other in loop.previous.values():
            if other.final is not None and other.final.op is not other and op in self.behind(other.final.op):
                found.add("history: a state depends on it")
        return found

    def _of_state(self, op: PreviousOp) -> set[str]:
        dims = op.output.dims
        found = {"state"}
        if any(dim.is_dynamic for dim in dims):
            found.add("state: with an axis of frames")
        if nn.batch_dim not in dims:
            found.add("state: without batch dim")
        if op.output.dtype != "float32":
            found.add("state: of ints or bools")
        return found

    def _depends_on_state(self, op: Op, loop: LoopOp) -> bool:
        return any(
            isinstance(other, PreviousOp) and other.loop is loop and not other.is_constant for other in self.behind(op)
        )

    def behind(self, op: Op, *, in_all_steps: bool = False) -> frozenset[Op]:
        """
        All that it depends on, itself included; of results of loops, also what is in the loop.

        :param in_all_steps: also in earlier steps of loops around it
        """
        if (op, in_all_steps) not in self._behind:
            reached: set[Op] = set()
            todo = [op]
            while todo:
                one = todo.pop()
                if one in reached:
                    continue
                reached.add(one)
                todo += [tensor.op for tensor in one.inputs]
                if isinstance(one, ResultOp):
                    todo += [one.inner.op, one.result_of]
                if isinstance(one, PreviousOp) and (in_all_steps or one.loop.body_of_steps is not op.body):
                    todo += [tensor.op for tensor in (one.initial, one.final) if tensor is not None]
            self._behind[op, in_all_steps] = frozenset(reached)
        return self._behind[op, in_all_steps]


def _loops_around(body: Body | None) -> Iterator[LoopOp]:
    """From the innermost on."""
    while body is not None:
        if body.loop is not None and body.loop.body_of_steps is body:
            yield body.loop
        body = body.parent


def _reduced(op: Op) -> set[nn.Dim]:
    if isinstance(op, Reduce):
        return set(op.axes)
    if isinstance(op, Softmax):
        return {op.axis}
    return {op.reduce} if isinstance(op, Dot) else set()


_IN_SEARCH = {
    "history": CumConcat,
    "cell": LstmCellOp,
    "Lstm over a sequence": LstmSequence,
    "pool": Pool,
    "convolution": ConvOp,
    "softmax": Softmax,
}

_IN_STATEMENTS: dict[str, Callable[[Statement, Place], bool]] = {
    "end: between statements": lambda s, p: s[0] == "end" and not p.branches,
    "end: in a branch": lambda s, p: s[0] == "end" and bool(p.branches),
    "cell: restarted in each step": lambda s, p: s[0] == "restart",
    "cell: its result without its state": lambda s, p: s[0] == "peek",
    "cell: shared with other states": lambda s, p: s[0] == "other_cell",
    "cell: in an inner loop": lambda s, p: s[0] in ("cell", "other_cell") and p.loops > 1,
    "embedding in a loop": lambda s, p: s[0] in ("embed", "embed_step", "choice", "emit") and p.loops > 0,
    "embedding in an inner loop": lambda s, p: s[0] in ("embed", "embed_step", "emit") and p.loops > 1,
    "loop over labels": lambda s, p: s[0] == "inner" and s[1][0] == "labels",
    "loop without a batch dim": lambda s, p: s[0] == "batchless",
    "inner loop: stacked": lambda s, p: s[0] == "inner" and p.loops > 0 and s[5],
    "inner loop: of features": lambda s, p: s[0] == "inner" and p.loops > 0 and s[1][0] == "features",
    "inner loop: of split dims": lambda s, p: s[0] == "inner" and p.loops > 0 and "'split'" in repr(s[1]),
    "inner loop: in an inner loop": lambda s, p: s[0] == "inner" and p.loops > 1,
    "inner loop: in a branch": lambda s, p: s[0] == "inner" and p.loops > 0 and p.branches > 0,
    "loop: before or after the main one": lambda s, p: s[0] == "inner" and p.loops == 0,
    "loss: outside of loops": lambda s, p: s[0] in ("loss", "loss_over") and p.loops == 0,
    "loss: in a loop": lambda s, p: s[0] == "loss" and p.loops == 1,
    "loss: in an inner loop": lambda s, p: s[0] == "loss" and p.loops > 1,
    "loss: in a branch": lambda s, p: s[0] == "loss" and p.all_branches > 0,
    "Cond": lambda s, p: s[0] == "cond",
    "Cond in a branch": lambda s, p: s[0] == "cond" and p.branches > 0,
    "Cond in an inner loop": lambda s, p: s[0] == "cond" and p.loops > 1,
    "MaskedComputation": lambda s, p: s[0] == "mask",
    "MaskedComputation in a branch": lambda s, p: s[0] == "mask" and p.branches > 0,
    "MaskedComputation in an inner loop": lambda s, p: s[0] == "mask" and p.loops > 1,
    "state: structure": lambda s, p: s[0] in ("nested", "window", "cell", "other_cell") and p.loops > 0,
    "state: delay line": lambda s, p: s[0] in ("nested", "window") and p.loops > 0,
    "state: swap": lambda s, p: s[0] == "swap" and p.loops > 0,
    "state: assigned in an inner loop": lambda s, p: s[0] in ("assign", "swap", "nested", "memory") and p.loops > 1,
    "state: without initial value": lambda s, p: s[0] == "late",
    "stack of a sequence": lambda s, p: s[0] == "grid",
    "unstack of what the body computes": lambda s, p: s[0] == "unstack",
    "positional encoding of the step": lambda s, p: s[0] == "position",
    "dropout": lambda s, p: s[0] == "dropout" and p.loops > 0,
}

_IN_PROGRAM: dict[str, Callable[[Program], bool]] = {
    "loop: in a branch": lambda program: bool(program.around),
    "end: at the top": lambda program: program.end is not None and program.end.place == "top",
    "end: at the bottom": lambda program: program.end is not None and program.end.place == "bottom",
    "end: in MaskedComputation": lambda program: program.end is not None and program.end.place == "masked",
    "end: in a branch of Cond": lambda program: program.end is not None and program.end.place == "cond",
    "choice with a target": lambda program: not program.beam_size and program.uses("choice"),
    "sequences without frames": lambda program: any(0 in lengths for lengths in program.lengths),
}
