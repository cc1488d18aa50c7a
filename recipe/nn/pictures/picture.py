"""What a picture of a network shows, as plain data: modules, loops and branches as frames, ops as nodes, edges."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from ..language.branch import Branch, Side
from ..language.module import Module
from ..ops.constants import Constant
from ..ops.inputs import ExternDataOp, ParameterOp
from ..plain.dims import dims_text
from ..program.program import Program
from ..record.graph import Body, Op, Tensor
from ..record.loops import LoopOp, PreviousOp, ResultOp, StackOp
from .summary import count_text, loop_names, loop_title, own_parameters

Around = LoopOp | Branch | Module


class Frame(NamedTuple):
    """
    A box around nodes.

    :ivar around: the frame that it is in, None for the network itself
    :ivar kind: "module", "loop" or "branch"
    :ivar name: the attribute, the loop, the condition
    :ivar about: the class and its number of parameters; what the loop goes over
    """

    around: int | None
    kind: str
    name: str
    about: str


class Node(NamedTuple):
    """
    A value.

    :ivar frame: what it is in, None for the network itself
    :ivar kind: "op", "module" (one that is not opened), "input", "state", "end", "output" or "loss"
    :ivar label: what it is
    :ivar dims: of it
    """

    frame: int | None
    kind: str
    label: str
    dims: str


class Edge(NamedTuple):
    """
    A value that is read.

    :ivar source: the number of the node it is of
    :ivar target: the number of the node that reads it
    :ivar kind: "read", "loop" (what enters or leaves a loop) or "back" (to the next step)
    :ivar dims: of it
    """

    source: int
    target: int
    kind: str
    dims: str


class Picture(NamedTuple):
    """
    A picture of a network.

    :ivar title: the model's class and the number of all parameters
    :ivar frames: outer ones before those in them
    :ivar nodes: in the order of the computation
    :ivar edges: between them
    """

    title: str
    frames: list[Frame]
    nodes: list[Node]
    edges: list[Edge]

    def plain(self) -> dict[str, Any]:
        """It as plain data, which :meth:`from_plain` reads."""
        parts: dict[str, list[Any]] = {"frames": self.frames, "nodes": self.nodes, "edges": self.edges}
        return {"title": self.title, **{name: [tuple(item) for item in items] for name, items in parts.items()}}

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Picture:
        """The picture of :meth:`plain`."""
        return cls(
            data["title"],
            [Frame(*item) for item in data["frames"]],
            [Node(*item) for item in data["nodes"]],
            [Edge(*item) for item in data["edges"]],
        )


def picture_of(network: Program) -> Picture:
    """The picture of a network that was recorded in this process, with all modules opened."""
    return _Painter(network).picture()


class _Painter:
    def __init__(self, network: Program):
        self.network = network
        self.recording = network.root_body.recording
        self.loop_names = loop_names(network)
        self.counts = own_parameters(network)
        self.root = next(
            (m for op in network.needed for m in op.modules[:1] if self.recording.module_path(m) == ""), None
        )
        self.frames: list[Frame] = []
        self.frame_numbers: dict[tuple[Around, ...], int] = {}
        self.nodes: list[Node] = []
        self.of_op: dict[Op, int] = {}
        self.edges: dict[Edge, None] = {}

    def picture(self) -> Picture:
        """All of it."""
        for op in self.network.all_ops():
            if _is_drawn(op):
                self.of_op[op] = len(self.nodes)
                self.nodes.append(self._node(op))
        for op in self.of_op:
            self._edges_to(op)
        for name, tensor in self.network.outputs:
            self._end(Node(None, "output", name, dims_text(tensor.known_dims)), tensor)
        for loss in self.network.losses:
            label = f"{'error' if loss.as_error else 'loss'} {loss.name}"
            self._end(Node(None, "loss", label, dims_text(loss.tensor.known_dims)), loss.tensor)
        name = type(self.root).__name__ if self.root is not None else "network"
        title = f"{name}, {_count(self.counts.values())} parameters"
        return Picture(title, self.frames, self.nodes, list(self.edges))

    # frames

    def _frame(self, around: tuple[Around, ...]) -> int | None:
        """The number of the innermost of some frames within each other."""
        if not around:
            return None
        if around not in self.frame_numbers:
            outer = self._frame(around[:-1])
            self.frame_numbers[around] = len(self.frames)
            self.frames.append(Frame(outer, *self._about(around)))
        return self.frame_numbers[around]

    def _about(self, around: tuple[Around, ...]) -> tuple[str, str, str]:
        frame = around[-1]
        if isinstance(frame, LoopOp):
            return "loop", self.loop_names[frame], loop_title(frame)
        if isinstance(frame, Branch):
            condition = frame.condition.op.name or "condition"
            return "branch", f"{'if' if isinstance(frame, Side) else 'where'} {condition}", ""
        path = self.recording.module_path(frame)
        count = _count(size for other, size in self.counts.items() if other == path or other.startswith(f"{path}/"))
        outer = [self.recording.module_path(one) for one in around[:-1] if isinstance(one, Module)]
        name = path.removeprefix(f"{outer[-1]}/") if outer else path
        return "module", name, f"{type(frame).__name__}{f', {count}' if count != '0' else ''}"

    def _around(self, op: Op) -> tuple[Around, ...]:
        """What an op stands in, outermost first: modules, and the loops and branches that were written in them."""
        frames: list[Around] = []
        inside: tuple[Module, ...] = (self.root,) if self.root is not None else ()
        for context in [*reversed(list(self._contexts(op))), None]:
            modules = op.modules if context is None else context.modules
            common = 0
            while common < min(len(inside), len(modules)) and inside[common] is modules[common]:
                common += 1
            frames += modules[common:]
            if context is not None:
                frames.append(context)
            inside = modules
        return tuple(frames)

    def _contexts(self, op: Op) -> Iterator[LoopOp | Branch]:
        """The loops and branches around an op, innermost first."""
        branch = self.recording.of_branch.get(op.outputs[0]) if op.outputs else None
        if branch is not None and branch.body.body_of_steps is not op.body:
            branch = None  # it was moved out of the loop that the branch is in
        body: Body | None = branch.body if branch is not None else op.body
        while body is not None and body.parent is not None:
            context = body.branch if body.branch is not None else body.loop
            if context is not None:
                yield context
            body = body.parent

    # nodes and edges

    def _node(self, op: Op) -> Node:
        frame = self._frame(self._around(op))
        dims = dims_text(op.outputs[0].known_dims) if op.outputs else ""
        if isinstance(op, ExternDataOp):
            return Node(frame, "input", op.data.name, dims)
        if isinstance(op, PreviousOp):
            return Node(frame, "state", op.leaf.name, dims)
        loop = op.body.loop
        ends = loop is not None and loop.end is not None and loop.end.op is op
        return Node(frame, "end" if ends else "op", op.name or type(op).__name__, dims)

    def _edges_to(self, op: Op) -> None:
        for tensor in op.inputs:
            self._edge(tensor, self.of_op[op], "read")
        if isinstance(op, ResultOp):
            self._edge(op.inner, self.of_op[op], "loop")
        if isinstance(op, PreviousOp):
            if op.initial is not None:
                self._edge(op.initial, self.of_op[op], "loop")
            if op.final is not None and not op.is_constant:
                self._edge(op.final, self.of_op[op], "back")

    def _edge(self, tensor: Tensor, target: int, kind: str) -> None:
        source = self.of_op.get(tensor.op)
        if source is not None and (source != target or kind == "back"):
            self.edges[Edge(source, target, kind, dims_text(tensor.known_dims))] = None

    def _end(self, node: Node, tensor: Tensor) -> None:
        self.nodes.append(node)
        self._edge(tensor, len(self.nodes) - 1, "read")


def _count(sizes: Any) -> str:
    return count_text(sum(sizes))


def _is_drawn(op: Op) -> bool:
    """Parameters are counted in their modules, constants and loops have no node of their own."""
    return bool(op.outputs) and not isinstance(op, (ParameterOp, Constant)) or isinstance(op, StackOp)
