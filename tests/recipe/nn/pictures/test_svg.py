"""Pictures where Graphviz is not installed: all of a network, nothing upon another, frames around what is in them."""

from __future__ import annotations

import itertools
import pathlib
import re
import shutil
import xml.etree.ElementTree

import pytest

from recipe import nn
from recipe.nn.pictures.depth import readable
from recipe.nn.pictures.dot_source import MOST_NODES, frame_label, node_label
from recipe.nn.pictures.layout import Layout, Place, acyclic, layout
from recipe.nn.pictures.picture import Edge, Node, Picture
from recipe.nn.pictures.svg import laid_out, svg_picture

from ....docs.gallery import network_of
from .test_drawing import small_model

NAMES = ("listen_attend_spell", "tacotron", "neural_turing_machine")


def _overlap(one: Place, other: Place) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


def _within(inner: Place, outer: Place) -> bool:
    return (
        outer.x <= inner.x
        and outer.y <= inner.y
        and inner.x + inner.width <= outer.x + outer.width
        and inner.y + inner.height <= outer.y + outer.height
    )


def _laid_out(shown: Picture) -> Layout:
    texts = [node_label(node).split("\n") for node in shown.nodes]
    return layout(shown, texts, [frame_label(frame) for frame in shown.frames])


@pytest.mark.parametrize("name", NAMES)
def test_layout(name: str) -> None:
    shown = readable(network_of(name).picture(), MOST_NODES, None)
    found = _laid_out(shown)
    assert set(found.nodes) == set(range(len(shown.nodes))) and set(found.frames) == set(range(len(shown.frames)))
    for one, other in itertools.combinations(found.nodes.values(), 2):
        assert not _overlap(one, other)
    for number, node in enumerate(shown.nodes):
        assert node.frame is None or _within(found.nodes[number], found.frames[node.frame])
        for frame in range(len(shown.frames)):
            inside = node.frame
            while inside not in (None, frame):
                inside = shown.frames[inside].around  # type: ignore[index]
            assert (inside == frame) == _overlap(found.nodes[number], found.frames[frame])
    for number, one_frame in enumerate(shown.frames):
        assert one_frame.around is None or _within(found.frames[number], found.frames[one_frame.around])
    down = [edge for edge in shown.edges if edge.kind != "back"]
    upward = [edge for edge in down if found.nodes[edge.target].y <= found.nodes[edge.source].y]
    assert len(upward) <= 0.05 * len(down)


def test_edges_in_a_circle_are_left_out_once() -> None:
    items = [("node", number) for number in range(3)]
    edges = [(items[0], items[1]), (items[1], items[2]), (items[2], items[0])]
    assert acyclic(items, edges) == {items[0]: [], items[1]: [items[0]], items[2]: [items[1]]}


def test_svg_has_all_texts_and_means_nothing_else() -> None:
    hostile = '<script>&"'
    nodes = [
        Node(None, "input", hostile, "[batch]"),
        Node(None, "op", "tanh", "[batch]"),
        Node(None, "loss", "loss", ""),
    ]
    edges = [Edge(0, 1, "read", "[batch]"), Edge(1, 2, "read", "[other]"), Edge(1, 1, "back", "[batch]")]
    tree = xml.etree.ElementTree.fromstring(laid_out(Picture(hostile, [], nodes, edges)))
    texts = [element.text for element in tree.iter() if element.tag.endswith("}text")]
    assert texts.count(hostile) == 2 and "[other]" in texts and "loss" in texts
    assert len([element for element in tree.iter() if element.get("marker-end")]) == 3


def test_everything_is_within_the_picture() -> None:
    text = laid_out(nn.Network(small_model()).picture())
    width = float(re.findall(r'viewBox="0 0 (\d+) (\d+)"', text)[0][0])
    shift = float(re.findall(r"translate\((\S+) ", text)[0])
    boxes = re.findall(r'<rect x="(\S+)" y="\S+" width="(\S+)"', text)
    assert all(0 <= shift + float(x) and shift + float(x) + float(size) <= width for x, size in boxes)


def test_draw_without_graphviz(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Network(small_model())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert network.draw(str(tmp_path / "net.svg")).read_text() == svg_picture(network.picture())
    with pytest.warns(nn.NetworkWarning, match=r"Graphviz's program dot is not installed, so it is drawn as .svg"):
        written = network.draw(str(tmp_path / "net.png"))
    assert written.name == "net.svg" and written.read_text().startswith("<svg")


def test_graphviz_that_fails(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "dot").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    picture = nn.Network(small_model()).picture()
    assert svg_picture(picture) == laid_out(readable(picture, MOST_NODES, None))
