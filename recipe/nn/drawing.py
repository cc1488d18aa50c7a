"""Drawing: a picture of a network: modules as boxes, loops and branches as frames, states as edges that go back."""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from .branch import Branch, Side
from .dim import dims_text
from .errors import NetworkError, warn
from .loop_op import LoopOp
from .loop_ops import PreviousOp, ResultOp, StackOp
from .module import Module
from .op import Op
from .ops.constants import Constant
from .ops.inputs import ExternDataOp, ParameterOp
from .recording import Body
from .summary import count_text, loop_names, loop_title, own_parameters, summary_text
from .tensor import Tensor

if TYPE_CHECKING:
    from .network import Network

MOST_NODES = 60
"""A picture with more nodes is drawn with less depth, unless a depth is asked for."""

Frame = LoopOp | Branch | Module
_COLOURS = {"loop": "#2b6cb0", "branch": "#b7791f", "module": "#a0aec0"}


def draw(network: Network, path: str, *, depth: int | None = None) -> pathlib.Path:
    """
    Draws a network.

    :param path: where to; the ending says what: ``.svg``, ``.png``, ``.pdf``, ``.dot`` (source), ``.txt`` (a table)
    :param depth: how deep modules are opened; one deeper down is a single node. Default: as deep as is readable
    :return: the file that was written; where Graphviz is not installed, a table with the ending ``.txt``
    :raises NetworkError: for another ending
    """
    target = pathlib.Path(path)
    kind = target.suffix[1:].lower()
    if kind not in ("svg", "png", "pdf", "dot", "gv", "txt"):
        raise NetworkError(f"{path!r} should end in .svg, .png, .pdf, .dot or .txt, which says what is drawn")
    if kind in ("svg", "png", "pdf") and shutil.which("dot") is None:
        warn("Graphviz's program dot is not installed, so a table is written instead (Debian: apt install graphviz)")
        target, kind = target.with_suffix(".txt"), "txt"
    if kind == "txt":
        target.write_text(summary_text(network), encoding="utf-8")
    elif kind in ("dot", "gv"):
        target.write_text(picture(network, depth).source, encoding="utf-8")
    else:
        target.write_bytes(picture(network, depth).pipe(format=kind))
    return target


def picture(network: Network, depth: int | None = None) -> Any:
    """The picture as a ``graphviz.Digraph``; see :func:`draw`."""
    if depth is not None:
        return _Picture(network, depth).graph()
    deepest = max((len(op.modules) for op in network.needed), default=0)
    drawn = [_Picture(network, depth) for depth in range(deepest, 0, -1)] or [_Picture(network, 1)]
    return next((one for one in drawn if len(one.nodes) <= MOST_NODES), drawn[-1]).graph()


class _Node(NamedTuple):
    """A node: an op, or a module that is not opened, as seen from its frames."""

    frames: tuple[Frame, ...]
    of: Op | Module


class _Picture:
    """
    Which nodes and edges a picture has.

    :param network: what is drawn
    :param depth: how many modules within each other are opened
    """

    def __init__(self, network: Network, depth: int):
        self.network, self.depth = network, depth
        self.recording = network.root_body.recording
        self.loop_names = loop_names(network)
        self.counts = own_parameters(network)
        self.root = next(
            (m for op in network.needed for m in op.modules[:1] if self.recording.module_path(m) == ""), None
        )
        self.of_op: dict[Op, _Node] = {op: self._node(op) for op in network.all_ops() if _is_drawn(op)}
        self.nodes: dict[_Node, list[Op]] = {}
        for op, node in self.of_op.items():
            self.nodes.setdefault(node, []).append(op)
        self.ids = {node: f"n{number}" for number, node in enumerate(self.nodes)}

    # frames

    def _frames(self, op: Op) -> tuple[Frame, ...]:
        """What an op stands in, outermost first: modules, and the loops and branches that were written in them."""
        frames: list[Frame] = []
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

    def _node(self, op: Op) -> _Node:
        frames, opened = self._frames(op), 0
        for position, frame in enumerate(frames):
            opened += isinstance(frame, Module)
            if opened > self.depth:
                return _Node(frames[:position], frame)  # type: ignore[arg-type]
        return _Node(frames, op)

    # the graph

    def graph(self) -> Any:
        """All of it."""
        import graphviz

        graph = graphviz.Digraph(
            graph_attr={
                "rankdir": "TB",
                "fontname": "Helvetica",
                "fontsize": "11",
                "nodesep": "0.25",
                "ranksep": "0.35",
            },
            node_attr={
                "shape": "box",
                "style": "rounded,filled",
                "fillcolor": "white",
                "fontname": "Helvetica",
                "fontsize": "10",
                "margin": "0.08,0.04",
                "height": "0.3",
            },
            edge_attr={"fontname": "Helvetica", "fontsize": "8", "arrowsize": "0.6", "color": "#4a5568"},
        )
        total = sum(self.counts.values())
        title = type(self.root).__name__ if self.root is not None else "network"
        graph.attr(label=f"{title}, {count_text(total)} parameters", labelloc="t")
        self._fill(graph, (), list(self.nodes))
        for name, tensor in self.network.outputs:
            self._end(graph, f"output_{name}", name, tensor, "#e6fffa")
        for loss in self.network.losses:
            self._end(
                graph,
                f"loss_{loss.name}",
                f"{'error' if loss.as_error else 'loss'} {loss.name}",
                loss.tensor,
                "#fed7d7",
            )
        self._edges(graph)
        return graph

    def _fill(self, graph: Any, around: tuple[Frame, ...], nodes: list[_Node]) -> None:
        depth = len(around)
        groups: dict[Frame, list[_Node]] = {}
        for node in nodes:
            if len(node.frames) > depth:
                groups.setdefault(node.frames[depth], []).append(node)
            else:
                graph.node(self.ids[node], **self._node_style(node))
        for frame, members in groups.items():
            number = next(iter(self.ids[node] for node in members))
            with graph.subgraph(name=f"cluster_{depth}_{number}") as inner:
                inner.attr(**self._frame_style(frame, around))
                self._fill(inner, (*around, frame), members)

    def _frame_style(self, frame: Frame, around: tuple[Frame, ...]) -> dict[str, str]:
        if isinstance(frame, LoopOp):
            label, kind = f"{self.loop_names[frame]} {loop_title(frame)}", "loop"
        elif isinstance(frame, Branch):
            label = ("if " if isinstance(frame, Side) else "where ") + (frame.condition.op.name or "condition")
            kind = "branch"
        else:
            label, kind = self._module_label(frame, around), "module"
        style = {"module": "rounded", "loop": "bold", "branch": "dashed"}[kind]
        return {"label": label, "style": style, "color": _COLOURS[kind], "fontcolor": "#2d3748", "labeljust": "l"}

    def _module_label(self, module: Module, around: tuple[Frame, ...]) -> str:
        path = self.recording.module_path(module)
        count = sum(size for other, size in self.counts.items() if other == path or other.startswith(f"{path}/"))
        outer = [self.recording.module_path(frame) for frame in around if isinstance(frame, Module)]
        name = path.removeprefix(f"{outer[-1]}/") if outer else path
        return f"{name} ({type(module).__name__}{f', {count_text(count)}' if count else ''})"

    def _node_style(self, node: _Node) -> dict[str, str]:
        ops = self.nodes[node]
        dims = dims_text(ops[-1].outputs[0].known_dims) if ops[-1].outputs else ""
        if isinstance(node.of, Module):
            return {"label": f"{self._module_label(node.of, node.frames)}\n{dims}", "fillcolor": "#edf2f7"}
        op = node.of
        if isinstance(op, ExternDataOp):
            return {"label": f"{op.data.name}\n{dims}", "fillcolor": "#e6fffa", "shape": "oval"}
        if isinstance(op, PreviousOp):
            return {"label": f"{op.leaf.name}\n{dims}", "fillcolor": "#fefcbf", "shape": "oval"}
        loop = op.body.loop
        ends = loop is not None and loop.end is not None and loop.end.op is op
        return {"label": f"{'end: ' if ends else ''}{op.name or type(op).__name__}\n{dims}"}

    def _end(self, graph: Any, key: str, label: str, tensor: Tensor, colour: str) -> None:
        graph.node(key, label=label, fillcolor=colour, shape="oval")
        if tensor.op in self.of_op:
            graph.edge(self.ids[self.of_op[tensor.op]], key)

    def _edges(self, graph: Any) -> None:
        done: set[tuple[str, str, str]] = set()

        def edge(tensor: Tensor, to: _Node, **style: str) -> None:
            """Draws an edge once, with the dims where it leads out of a closed module."""
            source = self.of_op.get(tensor.op)
            if source is None or (source == to and not style):
                return
            key = (self.ids[source], self.ids[to], style.get("style", ""))
            if key not in done:
                done.add(key)
                crosses = source.frames != to.frames
                label = {"label": dims_text(tensor.known_dims)} if crosses and isinstance(source.of, Module) else {}
                graph.edge(key[0], key[1], **label, **style)

        for op, node in self.of_op.items():
            for tensor in op.inputs:
                edge(tensor, node)
            if isinstance(op, ResultOp):
                edge(op.inner, node, color=_COLOURS["loop"])
            if isinstance(op, PreviousOp):
                if op.initial is not None:
                    edge(op.initial, node, color=_COLOURS["loop"])
                if op.final is not None and not op.is_constant:
                    edge(op.final, node, style="dashed", color=_COLOURS["loop"], constraint="false")


def _is_drawn(op: Op) -> bool:
    """Parameters are counted in their modules, constants and loops have no node of their own."""
    return bool(op.outputs) and not isinstance(op, (ParameterOp, Constant)) or isinstance(op, StackOp)
