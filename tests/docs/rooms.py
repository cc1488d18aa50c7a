"""
The picture of the rooms: which part of the project imports which, found in the code.

``python -m tests.docs.rooms`` draws it anew into docs/rooms.svg; that needs Graphviz's ``dot``.
"""

from __future__ import annotations

import html
import re

import graphviz
import grimp

from .pages import ROOT

PICTURE = ROOT / "docs" / "rooms.svg"

ROOMS = {
    "configs": "configs\nrecipe graphs",
    "jobs": "jobs\ntraining, search, ...",
    "recipe.models": "recipe.models\nencoders, decoders",
    "recipe.data": "recipe.data\nHDF, datasets",
    "recipe.from_net_dict": "recipe.from_net_dict\nreads net dicts",
    "recipe.nn": "recipe.nn\nthe language",
    "localsis": "localsis\nthe engine",
    "returnn_recurrent": "returnn_recurrent\nfor other setups",
}
"""The parts of the project, and what the picture says of them."""

OLD_NAMES = {"recipe.nn.from_net_dict": "recipe.from_net_dict"}
"""What the picture shows as a part of the room that it is another name of."""

OTHERS = {
    "sisyphus": "sisyphus\nSisyphus or localsis",
    "returnn": "RETURNN\nand its TensorFlow,\nin a task's process",
    "tensorflow": "",
    "numpy": "NumPy",
}
"""What is imported from elsewhere and belongs into the picture; what has no text is a part of RETURNN there."""


def imports() -> set[tuple[str, str]]:
    """The pairs of rooms of which one imports the other; code that only type checkers see does not count."""
    packages = sorted({room.partition(".")[0] for room in ROOMS})
    graph = grimp.build_graph(*packages, include_external_packages=True, exclude_type_checking_imports=True)
    found = set()
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            pair = (_room(module), _room(imported))
            if pair[0] in ROOMS and pair[1] is not None and pair[0] != pair[1]:
                found.add((pair[0], pair[1]))
    return found


def _room(module: str) -> str | None:
    names = [name for name in {**ROOMS, **OLD_NAMES, **OTHERS} if module == name or module.startswith(f"{name}.")]
    found = max(names, key=len, default="")
    return "returnn" if found == "tensorflow" else OLD_NAMES.get(found, found) or None


def drawn() -> set[tuple[str, str]]:
    """The pairs that the picture in the documentation shows."""
    titles = re.findall(r"<title>([^<]+)</title>", PICTURE.read_text(encoding="utf-8"))
    pairs = [html.unescape(title).split("->") for title in titles if "&gt;" in title]
    return {(start, end) for start, end in pairs}


def draw() -> str:
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
    for name, label in ROOMS.items():
        graph.node(name, label)
    for name, label in OTHERS.items():
        if label:
            graph.node(name, label, fillcolor="#eeeeee")
    for start, end in sorted(imports()):
        graph.edge(start, end)
    return graph.pipe("svg", encoding="utf-8")


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
