"""A picture as SVG: drawn by Graphviz where that is installed, else laid out here."""

from __future__ import annotations

import html
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from .depth import readable
from .dot_source import EDGES, FRAMES, MOST_NODES, NODES, frame_label, graph, node_label
from .layout import CHARACTER, LINE, Layout, Place, layout
from .picture import Edge, Picture

_MARGIN, _TITLE = 8.0, 22.0
_FONT = 'font-family="Helvetica, Arial, sans-serif"'


def svg_picture(shown: Picture, depth: int | None = None) -> str:
    """
    A picture as SVG, as deep as is readable; see :func:`recipe.nn.pictures.drawing.draw`.

    :param depth: how deep modules are opened
    """
    shown = readable(shown, MOST_NODES, depth)
    program = shutil.which("dot")
    if program is not None:
        source = graph(shown).source.encode()
        result = subprocess.run([program, "-Tsvg"], input=source, capture_output=True, check=False)
        if result.returncode == 0:
            return result.stdout.decode()
    return laid_out(shown)


def laid_out(shown: Picture) -> str:
    """All of a picture as SVG, without Graphviz."""
    texts = [[line for line in node_label(node).split("\n") if line] for node in shown.nodes]
    titles = [frame_label(frame) for frame in shown.frames]
    places = layout(shown, texts, titles)
    curves = list(_curves(shown, places))
    left = min([0.0, *(curve.left for curve in curves)])
    right = max([places.width, CHARACTER * len(shown.title) * 1.1, *(curve.right for curve in curves)])
    width, height = right - left + 2 * _MARGIN, places.height + _TITLE + 2 * _MARGIN
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'viewBox="0 0 {width:.0f} {height:.0f}" {_FONT}>',
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="6" markerHeight="6" orient="auto">'
        '<path d="M0,0 L8,4 L0,8 z" fill="context-stroke"/></marker></defs>',
        f'<text x="{width / 2:.0f}" y="16" font-size="11" text-anchor="middle">{html.escape(shown.title)}</text>',
        f'<g transform="translate({_MARGIN - left:.0f} {_TITLE + _MARGIN:.0f})">',
        *_frames(shown, titles, places),
        *(_edge(curve, shown) for curve in curves),
        *_nodes(shown, texts, places),
        "</g></svg>",
    ]
    return "\n".join(lines) + "\n"


def _frames(shown: Picture, titles: list[str], places: Layout) -> Iterator[str]:
    for number, frame in enumerate(shown.frames):
        style, place = FRAMES[frame.kind], places.frames[number]
        dashes = ' stroke-dasharray="5 3"' if style["style"] == "dashed" else ""
        width = 2 if style["style"] == "bold" else 1
        yield _rectangle(place, "none", style["color"], 6, f' stroke-width="{width}"{dashes}')
        yield _text(place.x + 8, place.y + 13, titles[number], "#2d3748", 11, "start")


def _nodes(shown: Picture, texts: list[list[str]], places: Layout) -> Iterator[str]:
    for number, node in enumerate(shown.nodes):
        style, place = NODES[node.kind], places.nodes[number]
        round_by = place.height / 2 if style.get("shape") == "oval" else 5
        yield _rectangle(place, style.get("fillcolor", "white"), "#1a202c", round_by)
        top = place.y + place.height / 2 - LINE * (len(texts[number]) - 1) / 2 + 3.5
        for index, line in enumerate(texts[number]):
            yield _text(place.middle, top + LINE * index, line, "#000000", 10)


class _Curve(NamedTuple):
    """An edge: its path, where its label stands, and how far it goes to the left and right."""

    edge: Edge
    path: str
    middle: tuple[float, float]
    left: float
    right: float


def _curves(shown: Picture, places: Layout) -> Iterator[_Curve]:
    """Each edge once: down, past the left of nodes that are in its way; up, past the right."""
    unique = {(edge.source, edge.target, edge.kind): edge for edge in reversed(shown.edges)}
    for edge in reversed(unique.values()):
        source, target = places.nodes[edge.source], places.nodes[edge.target]
        if edge.kind == "back" or target.y < source.y + source.height:
            yield _past(edge, source, target, right=True)
            continue
        others = [place for number, place in places.nodes.items() if number not in (edge.source, edge.target)]
        in_the_way = [place for place in others if _crosses(source, target, place)]
        yield _past(edge, source, target, in_the_way) if in_the_way else _down(edge, source, target)


def _down(edge: Edge, source: Place, target: Place) -> _Curve:
    """From the bottom of the one to the top of the other."""
    x1, y1, x2, y2 = source.middle, source.y + source.height, target.middle, target.y
    bend = max(12.0, min(60.0, (y2 - y1) / 2))
    path = f"M{x1:.1f},{y1:.1f} C{x1:.1f},{y1 + bend:.1f} {x2:.1f},{y2 - bend:.1f} {x2:.1f},{y2:.1f}"
    return _Curve(edge, path, ((x1 + x2) / 2, (y1 + y2) / 2), min(x1, x2), max(x1, x2))


def _past(edge: Edge, source: Place, target: Place, avoid: Sequence[Place] = (), *, right: bool = False) -> _Curve:
    """From side to side, around what is in the way."""
    sides = [place.x + place.width if right else place.x for place in (source, target)]
    y1, y2 = source.y + source.height / 2, target.y + target.height / 2
    outermost = max(sides) + 14 if right else min([*(place.x for place in avoid), *sides]) - 10
    reach = (outermost - 0.25 * sum(sides) / 2) / 0.75  # the middle of such a curve is at three quarters
    path = f"M{sides[0]:.1f},{y1:.1f} C{reach:.1f},{y1:.1f} {reach:.1f},{y2:.1f} {sides[1]:.1f},{y2:.1f}"
    return _Curve(edge, path, (outermost, (y1 + y2) / 2), min(outermost, *sides), max(outermost, *sides))


def _crosses(source: Place, target: Place, other: Place) -> bool:
    """Whether a straight edge would go through a node."""
    top, bottom = source.y + source.height, target.y
    if other.y + other.height <= top or other.y >= bottom:
        return False
    for y in (max(top, other.y), min(bottom, other.y + other.height)):
        part = (y - top) / (bottom - top)
        if other.x - 3 <= source.middle + part * (target.middle - source.middle) <= other.x + other.width + 3:
            return True
    return False


def _edge(curve: _Curve, shown: Picture) -> str:
    edge, style = curve.edge, EDGES[curve.edge.kind]
    dashes = ' stroke-dasharray="4 3"' if style.get("style") == "dashed" else ""
    color = style.get("color", "#4a5568")
    line = f'<path d="{curve.path}" fill="none" stroke="{color}"{dashes} marker-end="url(#arrow)"/>'
    if edge.dims == shown.nodes[edge.source].dims:
        return line
    return line + _text(curve.middle[0] + 3, curve.middle[1], edge.dims, "#718096", 8, "start")


def _rectangle(place: Place, fill: str, stroke: str, round_by: float, more: str = "") -> str:
    return (
        f'<rect x="{place.x:.1f}" y="{place.y:.1f}" width="{place.width:.1f}" height="{place.height:.1f}" '
        f'rx="{round_by:.1f}" fill="{fill}" stroke="{stroke}"{more}/>'
    )


def _text(x: float, y: float, text: str, color: str, size: int, anchor: str = "middle") -> str:
    escaped = html.escape(text)
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{color}" text-anchor="{anchor}">{escaped}</text>'
