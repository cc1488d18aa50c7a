"""Drawing: a picture of a network: modules as boxes, loops and branches as frames, states as edges that go back."""

from __future__ import annotations

import pathlib
import shutil
from typing import Any

from ..plain.errors import NetworkError, warn
from .depth import readable
from .picture import Frame, Node, Picture

MOST_NODES = 60
"""A picture with more nodes is drawn with less depth, unless a depth is asked for."""

KINDS = ("svg", "png", "pdf", "dot", "gv", "txt")
"""What can be drawn, by the ending of the file."""

NO_DOT = "Graphviz's program dot is not installed, so a table is written instead (Debian: apt install graphviz)"

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
_FRAMES = {
    "module": {"style": "rounded", "color": "#a0aec0"},
    "loop": {"style": "bold", "color": "#2b6cb0"},
    "branch": {"style": "dashed", "color": "#b7791f"},
}
_NODES = {
    "op": {},
    "end": {},
    "module": {"fillcolor": "#edf2f7"},
    "input": {"fillcolor": "#e6fffa", "shape": "oval"},
    "state": {"fillcolor": "#fefcbf", "shape": "oval"},
    "output": {"fillcolor": "#e6fffa", "shape": "oval"},
    "loss": {"fillcolor": "#fed7d7", "shape": "oval"},
}
_EDGES = {
    "read": {},
    "loop": {"color": "#2b6cb0"},
    "back": {"color": "#2b6cb0", "style": "dashed", "constraint": "false"},
}


def picture(shown: Picture, depth: int | None = None) -> Any:
    """A picture as a ``graphviz.Digraph``, as deep as is readable; see :func:`draw`."""
    return graph(readable(shown, MOST_NODES, depth))


def draw(shown: Picture, table: str, path: str, *, depth: int | None = None) -> pathlib.Path:
    """
    Draws a picture.

    :param table: what is written where Graphviz is not installed
    :param path: where to; the ending says what: ``.svg``, ``.png``, ``.pdf``, ``.dot`` (source), ``.txt`` (the table)
    :param depth: how deep modules are opened; one deeper down is a single node. Default: as deep as is readable, with
        layers that are alike drawn once
    :return: the file that was written; where Graphviz is not installed, the table with the ending ``.txt``
    :raises NetworkError: for another ending
    """
    target = pathlib.Path(path)
    kind = target.suffix[1:].lower()
    if kind not in KINDS:
        raise NetworkError(f"{path!r} should end in .svg, .png, .pdf, .dot or .txt, which says what is drawn")
    if kind in ("svg", "png", "pdf") and shutil.which("dot") is None:
        warn(NO_DOT)
        target, kind = target.with_suffix(".txt"), "txt"
    if kind == "txt":
        target.write_text(table, encoding="utf-8")
        return target
    drawn = graph(readable(shown, MOST_NODES, depth))
    if kind in ("dot", "gv"):
        target.write_text(drawn.source, encoding="utf-8")
    else:
        target.write_bytes(drawn.pipe(format=kind))
    return target


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
            drawn.edge(f"n{edge.source}", f"n{edge.target}", **label, **_EDGES[edge.kind])
    return drawn


def _fill(drawn: Any, shown: Picture, around: int | None) -> None:
    """Draws the nodes and frames that stand in a frame."""
    for number, node in enumerate(shown.nodes):
        if node.frame == around:
            drawn.node(f"n{number}", label=_node_label(node), **_NODES[node.kind])
    for number, frame in enumerate(shown.frames):
        if frame.around == around:
            with drawn.subgraph(name=f"cluster_{number}") as inner:
                inner.attr(label=_frame_label(frame), fontcolor="#2d3748", labeljust="l", **_FRAMES[frame.kind])
                _fill(inner, shown, number)


def _node_label(node: Node) -> str:
    return f"{'end: ' if node.kind == 'end' else ''}{node.label}\n{node.dims}"


def _frame_label(frame: Frame) -> str:
    if frame.kind == "module":
        return f"{frame.name} ({frame.about})"
    return f"{frame.name} {frame.about}".strip()
