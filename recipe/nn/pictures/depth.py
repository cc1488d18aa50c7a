"""Pictures that are small enough to read: modules closed, and layers that are alike drawn once."""

from __future__ import annotations

import re
from collections import defaultdict

from .picture import Edge, Frame, Node, Picture


def closed(picture: Picture, depth: int) -> Picture:
    """
    A picture in which modules are opened only so deep; one deeper down is a single node.

    :param depth: how many modules within each other are opened
    """
    modules = _modules_around(picture)
    closes = {
        number for number, frame in enumerate(picture.frames) if frame.kind == "module" and modules[number] > depth
    }
    nodes: list[Node] = []
    moved: dict[int, int] = {}
    of_frame: dict[int, int] = {}
    for number, node in enumerate(picture.nodes):
        frame = _outermost(picture, node.frame, closes)
        if frame is None:
            moved[number] = len(nodes)
            nodes.append(node)
            continue
        about = picture.frames[frame]
        closed_node = Node(about.around, "module", f"{about.name} ({about.about})", node.dims)
        if frame in of_frame:
            nodes[of_frame[frame]] = closed_node  # its dims are those of what it computes last
        else:
            of_frame[frame] = len(nodes)
            nodes.append(closed_node)
        moved[number] = of_frame[frame]
    return _without_empty_frames(Picture(picture.title, picture.frames, nodes, _moved(picture.edges, moved)))


def folded(picture: Picture) -> Picture:
    """
    A picture in which of several modules in a row (``layers/0``, ``layers/1``, ...) that are alike, the first is drawn.

    An edge from the one to the next becomes one that goes back, as the data goes through it once more.
    """
    kept: dict[int, int] = {}
    names: dict[int, str] = {}
    for group in _alike(picture):
        first, last = group[0], group[-1]
        pairs = [dict(zip(_frames_in(picture, other), _frames_in(picture, first))) for other in group]
        for pair in pairs:
            kept.update(pair)
        last_number = re.sub(r".*?(\d+)$", r"\1", picture.frames[last].name)
        names[first] = f"{picture.frames[first].name}...{last_number}, {len(group)} times"
    moved: dict[int, int] = {}
    nodes: list[Node] = []
    of_place: dict[tuple[int, int], int] = {}
    counts: dict[int, int] = defaultdict(int)
    for number, node in enumerate(picture.nodes):
        frame = node.frame
        if frame not in kept:
            moved[number] = len(nodes)
            nodes.append(node)
            continue
        assert frame is not None
        place = kept[frame], counts[frame]
        counts[frame] += 1
        if place not in of_place:
            of_place[place] = len(nodes)
            nodes.append(node._replace(frame=kept[frame]))
        moved[number] = of_place[place]
    frames = [
        frame._replace(name=names.get(number, frame.name), around=kept.get(frame.around, frame.around))  # type: ignore[arg-type]
        for number, frame in enumerate(picture.frames)
    ]
    edges = [
        edge._replace(kind="back") if moved[edge.source] >= moved[edge.target] and edge.kind == "read" else edge
        for edge in picture.edges
    ]
    return _without_empty_frames(Picture(picture.title, frames, nodes, _moved(edges, moved)))


def readable(picture: Picture, most_nodes: int, depth: int | None = None) -> Picture:
    """
    A picture of at most so many nodes, if there is one.

    :param depth: how deep modules are opened instead; layers that are alike are then all drawn
    """
    if depth is not None:
        return closed(picture, depth)
    deepest = max(_modules_around(picture).values(), default=0)
    drawn = picture
    for one in (picture, folded(picture)):
        drawn = one
        if len(drawn.nodes) <= most_nodes:
            return drawn
    for less in range(deepest - 1, 0, -1):
        drawn = closed(folded(picture), less)
        if len(drawn.nodes) <= most_nodes:
            return drawn
    return drawn


def _modules_around(picture: Picture) -> dict[int, int]:
    """For each frame how many modules it is within, itself included."""
    counts: dict[int, int] = {}
    for number, frame in enumerate(picture.frames):
        outer = counts[frame.around] if frame.around is not None else 0
        counts[number] = outer + (frame.kind == "module")
    return counts


def _outermost(picture: Picture, frame: int | None, of: set[int]) -> int | None:
    """The outermost of some frames that a frame is in."""
    found = None
    while frame is not None:
        found = frame if frame in of else found
        frame = picture.frames[frame].around
    return found


def _alike(picture: Picture) -> list[list[int]]:
    """Groups of frames that stand side by side, are called by numbers in a row, and look the same inside."""
    rows: dict[tuple, list[int]] = defaultdict(list)
    for number, frame in enumerate(picture.frames):
        match = re.fullmatch(r"(.*?)\d+", frame.name)
        if frame.kind == "module" and match:
            rows[frame.around, match[1], frame.about, _looks(picture, number)].append(number)
    groups = [numbers for numbers in rows.values() if len(numbers) > 1]
    inner = {number for group in groups for one in group for number in _frames_in(picture, one)[1:]}
    return [group for group in groups if not inner & set(group)]


def _looks(picture: Picture, frame: int) -> tuple:
    """What is in a frame."""
    inside = _frames_in(picture, frame)
    position = {number: place for place, number in enumerate(inside)}
    frames = [picture.frames[number][1:] for number in inside[1:]]
    nodes = [(position[node.frame], node[1:3]) for node in picture.nodes if node.frame in position]  # type: ignore[index]
    return tuple(frames), tuple(nodes)


def _frames_in(picture: Picture, frame: int) -> list[int]:
    """A frame and those in it, in order."""
    inside = [frame]
    for number, other in enumerate(picture.frames):
        if other.around in inside:
            inside.append(number)
    return inside


def _moved(edges: list[Edge], moved: dict[int, int]) -> list[Edge]:
    """The edges between other nodes, each once, none from a node to itself but back to the next step."""
    new = (edge._replace(source=moved[edge.source], target=moved[edge.target]) for edge in edges)
    return list(dict.fromkeys(edge for edge in new if edge.source != edge.target or edge.kind == "back"))


def _without_empty_frames(picture: Picture) -> Picture:
    """Without frames in which nothing is left."""
    used: set[int] = set()
    for node in picture.nodes:
        frame = node.frame
        while frame is not None and frame not in used:
            used.add(frame)
            frame = picture.frames[frame].around
    numbers = {old: new for new, old in enumerate(sorted(used))}
    frames: list[Frame] = [
        frame._replace(around=numbers[frame.around] if frame.around is not None else None)
        for number, frame in enumerate(picture.frames)
        if number in used
    ]
    nodes = [node._replace(frame=numbers[node.frame] if node.frame is not None else None) for node in picture.nodes]
    return Picture(picture.title, frames, nodes, picture.edges)
