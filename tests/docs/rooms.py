"""
The pictures of the rooms: which part of the project imports which, and which part of recipe.nn, found in the code.

``python -m tests.docs.rooms`` draws them anew into docs/rooms.svg and docs/rooms_of_nn.svg; that needs Graphviz's
``dot``.
"""

from __future__ import annotations

import html
import pathlib
import re
from typing import NamedTuple

import graphviz
import grimp

from .pages import ROOT

Pairs = set[tuple[str, str]]
"""Of rooms: what imports, and what is imported."""


class Picture(NamedTuple):
    """
    A picture of rooms and imports.

    :ivar file: where it is
    :ivar rooms: packages and modules, and what the picture says of them
    :ivar other_names: what is shown as a part of the room that it is another name of
    :ivar others: what is imported from elsewhere and belongs into the picture
    :ivar leaves_out: whether an import is left out that others imply: a room's that a room has that it imports
    """

    file: pathlib.Path
    rooms: dict[str, str]
    other_names: dict[str, str]
    others: dict[str, str]
    leaves_out: bool


PROJECT = Picture(
    ROOT / "docs" / "rooms.svg",
    rooms={
        "configs": "configs\nrecipe graphs",
        "jobs": "jobs\ntraining, search, ...",
        "recipe.models": "recipe.models\nencoders, decoders",
        "recipe.data": "recipe.data\nHDF, datasets",
        "recipe.from_net_dict": "recipe.from_net_dict\nreads net dicts",
        "recipe.nn": "recipe.nn\nthe language",
        "localsis": "localsis\nthe engine",
        "returnn_recurrent": "returnn_recurrent\nfor other setups",
    },
    other_names={"recipe.nn.from_net_dict": "recipe.from_net_dict", "tensorflow": "returnn", "torch": "returnn"},
    others={
        "sisyphus": "sisyphus\nSisyphus or localsis",
        "returnn": "RETURNN\nwith TensorFlow or PyTorch,\nin a task's process",
        "numpy": "NumPy",
    },
    leaves_out=False,
)
"""The parts of the project."""

NN = Picture(
    ROOT / "docs" / "rooms_of_nn.svg",
    rooms={
        "recipe.nn": "recipe.nn\nthe names that users write",
        "recipe.nn.staged_network": "staged_network\nnetworks one after the other",
        "recipe.nn.debugging": "debugging\ncheck: engines compared",
        "recipe.nn.network": "network\nthe face: knows the engines",
        "recipe.nn.tf_layers": "tf_layers\nRETURNN on TensorFlow",
        "recipe.nn.torch_code": "torch_code\nRETURNN on PyTorch",
        "recipe.nn.numpy_run": "numpy_run\nthe definition",
        "recipe.nn.canonical": "canonical\nforms, hashed",
        "recipe.nn.pictures": "pictures\nsummary, drawing",
        "recipe.nn.python_text": "python_text\nfor reading",
        "recipe.nn.passes": "passes\nProgram to Program",
        "recipe.nn.modules": "modules\nLinear, Lstm, attention, ...",
        "recipe.nn.program": "program\nthe finished record",
        "recipe.nn.language": "language\nModule, Loop, State, Cond",
        "recipe.nn.ops": "ops\na class each: dims, NumPy, form",
        "recipe.nn.record": "record\nTensor, Op, Body, loops",
        "recipe.nn.plain": "plain\nDim, errors: knows no graph",
    },
    other_names={"recipe.nn.from_net_dict": "recipe.from_net_dict"},
    others={},
    leaves_out=True,
)
"""The rooms of recipe.nn."""

PICTURES = (PROJECT, NN)


def imports(picture: Picture) -> Pairs:
    """The pairs of rooms of which one imports the other; code that only type checkers see does not count."""
    packages = sorted({room.partition(".")[0] for room in picture.rooms})
    graph = grimp.build_graph(
        *packages, include_external_packages=True, exclude_type_checking_imports=True, cache_dir=None
    )
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            start, end = _room(module, picture), _room(imported, picture)
            if start in picture.rooms and (end in picture.rooms or end in picture.others) and start != end:
                found.add((start, end))
    return without_implied(found) if picture.leaves_out else found


def _room(module: str, picture: Picture) -> str:
    known = {**picture.rooms, **picture.other_names, **picture.others}
    found = max((name for name in known if module == name or module.startswith(f"{name}.")), key=len, default="")
    return picture.other_names.get(found, found)


def without_implied(pairs: Pairs) -> Pairs:
    """Without those of which the first leads to the second by way of others, too; for pairs without circles."""
    reached: dict[str, set[str]] = {}

    def reach(start: str) -> set[str]:
        if start not in reached:
            ends = {end for first, end in pairs if first == start}
            reached[start] = ends.union(*map(reach, ends))
        return reached[start]

    return {
        (start, end)
        for start, end in pairs
        if not any(end in reach(between) for first, between in pairs if first == start)
    }


def drawn(picture: Picture) -> Pairs:
    """The pairs that the picture in the documentation shows."""
    pairs = [html.unescape(title).split("->") for title in _titles(picture) if "&gt;" in title]
    return {(start, end) for start, end in pairs}


def drawn_rooms(picture: Picture) -> set[str]:
    """The rooms that it shows."""
    return set(_titles(picture, "node"))


def _titles(picture: Picture, kind: str = r"\w+") -> list[str]:
    text = picture.file.read_text(encoding="utf-8")
    return re.findall(rf'class="{kind}">\s*<title>([^<]+)</title>', text)


def draw(picture: Picture) -> str:
    """The picture as SVG."""
    graph = graphviz.Digraph(
        graph_attr={"bgcolor": "transparent", "nodesep": "0.15"},
        node_attr={
            "shape": "box",
            "style": "rounded,filled",
            "fillcolor": "#e8eaf6",
            "fontname": "Helvetica",
            "fontsize": "16",
        },
        edge_attr={"color": "#5c6bc0"},
    )
    for name, label in picture.rooms.items():
        graph.node(name, label)
    for name, label in picture.others.items():
        graph.node(name, label, fillcolor="#eeeeee")
    for start, end in sorted(imports(picture)):
        graph.edge(start, end)
    return graph.pipe("svg", encoding="utf-8")


if __name__ == "__main__":
    for each in PICTURES:
        each.file.write_text(draw(each), encoding="utf-8")
