"""A picture in Graphviz' language: modules as boxes, loops and branches as frames, states as edges that go back."""

from __future__ import annotations

from typing import Any

from .depth import readable
from .picture import Frame, Node, Picture

MOST_NODES = 60
"""A picture with more nodes is drawn with less depth, unless a depth is asked for."""

_GRAPH = {"rankdir": "TB", "fontname": "Helvetica", "fontsize": "11", "nodesep": "0.25", "ranksep": "0.35"}
_NODE = {
    "shape": "box",
    "style": "rounded,filled",
    "fillcolor": "white",
    "fontname": "Helvetica",
    "fontsize": "10",
    "margin": "0.08,0.04",
    "height": "0.3",
}
_EDGE = {"fontname": "Helvetica", "fontsize": "8", "arrowsize": "0.6", "color": "#4a5568", "fontcolor": "#718096"}
FRAMES: dict[str, dict[str, str]] = {
    "module": {"style": "rounded", "color": "#a0aec0"},
    "loop": {"style": "bold", "color": "#2b6cb0"},
    "branch": {"style": "dashed", "color": "#b7791f"},
}
NODES: dict[str, dict[str, str]] = {
    "op": {},
    "end": {},
    "module": {"fillcolor": "#edf2f7"},
    "input": {"fillcolor": "#e6fffa", "shape": "oval"},
    "state": {"fillcolor": "#fefcbf", "shape": "oval"},
    "output": {"fillcolor": "#e6fffa", "shape": "oval"},
    "loss": {"fillcolor": "#fed7d7", "shape": "oval"},
}
EDGES: dict[str, dict[str, str]] = {
    "read": {},
    "loop": {"color": "#2b6cb0"},
    "back": {"color": "#2b6cb0", "style": "dashed", "constraint": "false"},
}


def picture(shown: Picture, depth: int | None = None) -> Any:
    """A picture as a ``graphviz.Digraph``, as deep as is readable; see :func:`recipe.nn.pictures.drawing.draw`."""
    return graph(readable(shown, MOST_NODES, depth))


def graph(shown: Picture) -> Any:
    """A picture as a ``graphviz.Digraph``."""
    import graphviz

    drawn = graphviz.Digraph(graph_attr=_GRAPH, node_attr=_NODE, edge_attr=_EDGE)
    drawn.attr(label=shown.title, labelloc="t")
    _fill(drawn, shown, None)
    done = set()
    for edge in shown.edges:
        key = edge.source, edge.target, edge.kind
        if key not in done:
            done.add(key)
            source = shown.nodes[edge.source]
            label = {"label": edge.dims} if edge.dims != source.dims else {}  # else they stand in the node
            drawn.edge(f"n{edge.source}", f"n{edge.target}", **label, **EDGES[edge.kind])
    return drawn


def _fill(drawn: Any, shown: Picture, around: int | None) -> None:
    """Draws the nodes and frames that stand in a frame."""
    for number, node in enumerate(shown.nodes):
        if node.frame == around:
            drawn.node(f"n{number}", label=node_label(node), **NODES[node.kind])
    for number, frame in enumerate(shown.frames):
        if frame.around == around:
            with drawn.subgraph(name=f"cluster_{number}") as inner:
                inner.attr(label=frame_label(frame), fontcolor="#2d3748", labeljust="l", **FRAMES[frame.kind])
                _fill(inner, shown, number)


def node_label(node: Node) -> str:
    """What stands in a node: what it is, and its dims below."""
    return f"{'end: ' if node.kind == 'end' else ''}{node.label}\n{node.dims}"


def frame_label(frame: Frame) -> str:
    """What stands above a frame."""
    if frame.kind == "module":
        return f"{frame.name} ({frame.about})"
    return f"{frame.name} {frame.about}".strip()
