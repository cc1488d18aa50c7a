"""
Where the nodes and frames of a picture stand, where Graphviz is not installed to find better places.

In layers (Sugiyama et al. 1981), frame by frame: what is in a frame is laid out by itself, and the frame is then one
box among those around it. Edges that go back are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .picture import Picture

CHARACTER, LINE = 5.8, 13.0
"""Width of a character and height of a line of a node's text."""

PAD, TITLE = 10.0, 18.0
"""Between a frame and what is in it, and the height of the frame's name."""

_GAP, _LAYER_GAP = 14.0, 30.0
_SWEEPS = 6

Item = tuple[str, int]
"""A node or a frame: its kind and its number."""


class Place(NamedTuple):
    """Left, top, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """From left to right."""
        return self.x + self.width / 2


class Layout(NamedTuple):
    """
    A layout.

    :ivar nodes: the place of each node
    :ivar frames: the place of each frame
    :ivar width: of all of it
    :ivar height: of all of it
    """

    nodes: dict[int, Place]
    frames: dict[int, Place]
    width: float
    height: float


def layout(picture: Picture, texts: Sequence[Sequence[str]], titles: Sequence[str]) -> Layout:
    """
    :param texts: the lines that stand in each node
    :param titles: what stands above each frame
    """
    return _Layouter(picture, texts, titles).run()


class _Layouter:
    def __init__(self, picture: Picture, texts: Sequence[Sequence[str]], titles: Sequence[str]):
        self.picture, self.titles = picture, titles
        self.inside: dict[int | None, list[Item]] = defaultdict(list)
        for number, node in enumerate(picture.nodes):
            self.inside[node.frame].append(("node", number))
        for number, frame in enumerate(picture.frames):
            self.inside[frame.around].append(("frame", number))
        self.sizes: dict[Item, tuple[float, float]] = {
            ("node", number): (CHARACTER * max(map(len, lines), default=1) + 16, LINE * max(1, len(lines)) + 8)
            for number, lines in enumerate(texts)
        }
        self.offsets: dict[Item, tuple[float, float]] = {}
        self.places: dict[Item, Place] = {}

    def run(self) -> Layout:
        width, height = self._lay_out(None)
        self._place(None, 0.0, 0.0)
        nodes = {number: place for (kind, number), place in self.places.items() if kind == "node"}
        frames = {number: place for (kind, number), place in self.places.items() if kind == "frame"}
        return Layout(nodes, frames, width, height)

    def _lay_out(self, frame: int | None) -> tuple[float, float]:
        """Finds the places in a frame; gives its size."""
        items = self.inside[frame]
        for kind, number in items:
            if kind == "frame":
                self.sizes[kind, number] = self._lay_out(number)
        above = acyclic(items, self._edges(frame))
        layers = _ordered(_layers(items, above), above)
        places = _middles(layers, above, {item: self.sizes[item][0] for item in items})
        left = min((places[item] - self.sizes[item][0] / 2 for item in items), default=0.0)
        top = PAD + (TITLE if frame is not None else 0.0)
        width = 0.0
        for layer in layers:
            tallest = max(self.sizes[item][1] for item in layer)
            for item in layer:
                x = places[item] - self.sizes[item][0] / 2 - left + PAD
                self.offsets[item] = x, top + (tallest - self.sizes[item][1]) / 2
                width = max(width, x + self.sizes[item][0])
            top += tallest + _LAYER_GAP
        title = 0.0 if frame is None else CHARACTER * len(self.titles[frame]) + 2 * PAD
        for item in items if title > width + PAD else ():
            self.offsets[item] = self.offsets[item][0] + (title - width - PAD) / 2, self.offsets[item][1]
        return max(width + PAD, title), top - _LAYER_GAP + PAD

    def _place(self, frame: int | None, x: float, y: float) -> None:
        for item in self.inside[frame]:
            left, top = self.offsets[item]
            self.places[item] = Place(x + left, y + top, *self.sizes[item])
            if item[0] == "frame":
                self._place(item[1], x + left, y + top)

    def _edges(self, frame: int | None) -> list[tuple[Item, Item]]:
        """The edges between what is right in a frame."""
        found: dict[tuple[Item, Item], None] = {}
        for edge in self.picture.edges:
            if edge.kind != "back":
                source, target = self._item_in(frame, edge.source), self._item_in(frame, edge.target)
                if source is not None and target is not None and source != target:
                    found[source, target] = None
        return list(found)

    def _item_in(self, frame: int | None, node: int) -> Item | None:
        """What of a frame a node is, or is in; None if it is elsewhere."""
        item: Item = ("node", node)
        around = self.picture.nodes[node].frame
        while around != frame:
            if around is None:
                return None
            item, around = ("frame", around), self.picture.frames[around].around
        return item


def acyclic(items: Sequence[Item], edges: Sequence[tuple[Item, Item]]) -> dict[Item, list[Item]]:
    """What stands right above each item, without the edges that would close a circle."""
    below: dict[Item, list[Item]] = defaultdict(list)
    for source, target in edges:
        below[source].append(target)
    above: dict[Item, list[Item]] = {item: [] for item in items}
    done: set[Item] = set()
    for start in items:
        stack, on_path = [(start, iter(below[start]))], {start}
        if start in done:
            continue
        while stack:
            item, rest = stack[-1]
            deeper = next(rest, None)
            if deeper is None:
                stack.pop()
                on_path.discard(item)
                done.add(item)
            elif deeper not in on_path:
                above[deeper].append(item)
                if deeper not in done:
                    on_path.add(deeper)
                    stack.append((deeper, iter(below[deeper])))
    return above


def _layers(items: Sequence[Item], above: Mapping[Item, Sequence[Item]]) -> list[list[Item]]:
    """Each item below all that it reads; one that reads nothing right above what reads it."""
    below = _turned(above)
    layer: dict[Item, int] = {}
    left = {item: len(set(above[item])) for item in items}
    ready = [item for item in items if not left[item]]
    order = []
    while ready:
        item = ready.pop(0)
        order.append(item)
        layer[item] = max((layer[other] + 1 for other in above[item]), default=0)
        for other in dict.fromkeys(below[item]):
            left[other] -= 1
            if not left[other]:
                ready.append(other)
    for item in reversed(order):
        if not above[item] and below[item]:
            layer[item] = min(layer[other] for other in below[item]) - 1
    found: dict[int, list[Item]] = defaultdict(list)
    for item in items:
        found[layer[item]].append(item)
    return [found[number] for number in sorted(found)]


def _ordered(layers: list[list[Item]], above: Mapping[Item, Sequence[Item]]) -> list[list[Item]]:
    """Each layer in an order with few crossings: by the mean place of the neighbours, down and up again."""
    below = _turned(above)
    for sweep in range(_SWEEPS):
        place = {item: index / max(1, len(layer)) for layer in layers for index, item in enumerate(layer)}
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else reversed(layers):
            layer.sort(key=lambda item: _mean([place[one] for one in near[item]], place[item]))
            place.update({item: index / max(1, len(layer)) for index, item in enumerate(layer)})
    return layers


def _middles(
    layers: Sequence[Sequence[Item]], above: Mapping[Item, Sequence[Item]], widths: Mapping[Item, float]
) -> dict[Item, float]:
    """The middle of each item: near those of its neighbours, without overlaps."""
    below = _turned(above)
    middle: dict[Item, float] = {}
    for layer in layers:
        x = -sum(widths[item] + _GAP for item in layer) / 2
        for item in layer:
            middle[item] = x + widths[item] / 2
            x += widths[item] + _GAP
    for sweep in range(2 * _SWEEPS):
        near = above if sweep % 2 == 0 else below
        for layer in layers if sweep % 2 == 0 else list(reversed(layers)):
            wanted = [_mean([middle[one] for one in near[item]], middle[item]) for item in layer]
            middle.update(zip(layer, _apart(wanted, [widths[item] for item in layer])))
    return middle


def _apart(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
    """Middles in this order, without overlaps, near those that are wanted: halfway between two ways to make room."""

    def pushed(wanted: Sequence[float], widths: Sequence[float]) -> list[float]:
        found: list[float] = []
        for index, (middle, width) in enumerate(zip(wanted, widths)):
            least = found[-1] + (widths[index - 1] + width) / 2 + _GAP if found else middle
            found.append(max(middle, least))
        return found

    right = pushed(wanted, widths)
    left = [-middle for middle in pushed([-middle for middle in reversed(wanted)], list(reversed(widths)))][::-1]
    return [(one + other) / 2 for one, other in zip(left, right)]


def _turned(above: Mapping[Item, Sequence[Item]]) -> dict[Item, list[Item]]:
    below: dict[Item, list[Item]] = {item: [] for item in above}
    for item, others in above.items():
        for other in others:
            below[other].append(item)
    return below


def _mean(values: Sequence[float], default: float) -> float:
    return sum(values) / len(values) if values else default
