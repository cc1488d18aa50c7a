"""Pictures and tables of networks."""

from __future__ import annotations

import pathlib
import re
import shutil

import pytest

from recipe import nn
from recipe.nn.pictures.depth import closed, folded
from recipe.nn.pictures.dot_source import MOST_NODES, picture
from recipe.nn.pictures.picture import Picture

from ...models.small_model import small_model

TIME, FEATURES = nn.Dim(None, name="time"), nn.Dim(3, name="features")


class Masked(nn.Module):
    """A loop with a mask in it."""

    def __init__(self) -> None:
        super().__init__()
        self.slow = nn.LstmCell(FEATURES, 4)

    def forward(self) -> nn.Tensor:
        """The last h."""
        x = nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, FEATURES]))
        loop = nn.Loop()
        loop.state.slow = self.slow.initial_state()
        with loop:
            frame = loop.unstack(x)
            with nn.MaskedComputation(mask=nn.reduce_sum(frame) > 0):
                _, loop.state.slow = self.slow(frame, loop.state.slow)
        return loop.state.slow.h


def test_source_has_the_modules_loops_states_and_branches() -> None:
    source = picture(nn.Network(Masked()).picture()).source
    assert "slow (LstmCell, 128)" in source
    assert "loop over time" in source
    assert "where greater" in source
    assert "slow_h\n[batch, 4]" in source or "slow_h\\n[batch, 4]" in source
    assert source.count("style=dashed") >= 3  # the frame of the mask, and two states drawn back


def _count_nodes(source: str) -> int:
    return len(re.findall(r"^\s*n\d+ \[", source, re.MULTILINE))


def test_modules_deeper_than_the_depth_are_single_nodes() -> None:
    network = nn.Network(small_model())
    opened, closed = picture(network.picture(), depth=9).source, picture(network.picture(), depth=1).source
    assert "query (Linear, 20)" in opened and "query (Linear, 20)" not in closed
    assert "attention (DotAttention, 68)" in closed
    assert _count_nodes(closed) < _count_nodes(opened) / 1.2


def test_a_large_network_is_drawn_with_less_depth() -> None:
    assert 10 < _count_nodes(picture(nn.Network(small_model(num_layers=12)).picture()).source) <= MOST_NODES


def test_draw_writes_what_the_ending_says(tmp_path: pathlib.Path) -> None:
    network = nn.Network(small_model())
    assert network.draw(str(tmp_path / "net.dot")).read_text().startswith("digraph")
    assert network.draw(str(tmp_path / "net.txt")).read_text() == network.summary()
    if shutil.which("dot") is not None:
        assert "<svg" in network.draw(str(tmp_path / "net.svg")).read_text()
        assert network.draw(str(tmp_path / "net.png")).read_bytes().startswith(b"\x89PNG")
    with pytest.raises(nn.NetworkError, match=r"should end in \.svg, \.png, \.pdf, \.dot or \.txt"):
        network.draw(str(tmp_path / "net.jpeg"))


def test_summary() -> None:
    network = nn.Network(small_model())
    lines = network.summary().splitlines()
    rows = {line.split()[0]: line for line in lines[2:-3]}
    assert "DotAttention" in rows["attention"] and rows["attention"].endswith("loop")
    assert rows["cell"].split() == ["cell", "LstmCell", "[batch,", "decoder=5]", "420", "loop"]
    assert lines.index(rows["decoder"]) < lines.index(rows["attention"]) < lines.index(rows["key"])
    total = sum(
        int(parameter.shape[0]) * (parameter.shape[1] if len(parameter.shape) > 1 else 1)
        for parameter in network.parameters.values()
    )
    assert f"{total:,} parameters" in lines
    assert lines[-1] == "loop: over pronunciation"


class Layer(nn.Module):
    """A linear layer with a residual."""

    def __init__(self) -> None:
        super().__init__()
        self.ff = nn.Linear(FEATURES, FEATURES)

    def forward(self, x: nn.Tensor) -> nn.Tensor:
        return x + nn.tanh(self.ff(x))


class Stack(nn.Module):
    """Layers that are alike, and one that is not."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer() for _ in range(5))
        self.layers.append(nn.Linear(FEATURES, 4))

    def forward(self) -> nn.Tensor:
        x = nn.get_extern_data(nn.ExternData("data", [nn.batch_dim, TIME, FEATURES]))
        for layer in self.layers:
            x = layer(x)
        return x


def test_layers_that_are_alike_are_drawn_once() -> None:
    whole = nn.Network(Stack()).picture()
    once = folded(whole)
    assert [frame.name for frame in once.frames] == ["layers/0...4, 5 times", "ff", "layers/5"]
    assert len(whole.nodes) == 5 * 3 + 3 and len(once.nodes) == 3 + 3
    back = {
        (once.nodes[edge.source].label, once.nodes[edge.target].label) for edge in once.edges if edge.kind == "back"
    }
    assert back == {("add", "linear"), ("add", "add")}
    assert [(once.nodes[e.source].label, once.nodes[e.target].label) for e in once.edges if e.source == 3] == [
        ("add", "linear"),
        ("add", "add"),
        ("add", "linear"),
    ]
    assert Picture.from_plain(once.plain()) == once


def test_closed_modules() -> None:
    shown = closed(nn.Network(Stack()).picture(), 1)
    assert [node.kind for node in shown.nodes if node.label == "ff (Linear, 12)"] == ["module"] * 5
    assert all(frame.name != "ff" for frame in shown.frames)
