"""Pictures and tables of networks."""

from __future__ import annotations

import pathlib
import shutil

import pytest

from recipe import nn
from recipe.nn.drawing import MOST_NODES, picture

from ..models.small_model import small_model

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
    source = picture(nn.Network(Masked())).source
    assert "slow (LstmCell, 128)" in source
    assert "loop over time" in source
    assert "where greater" in source
    assert "slow_h\n[batch, 4]" in source or "slow_h\\n[batch, 4]" in source
    assert source.count("style=dashed") >= 3  # the frame of the mask, and two states drawn back


def test_modules_deeper_than_the_depth_are_single_nodes() -> None:
    network = nn.Network(small_model())
    opened, closed = picture(network, depth=9).source, picture(network, depth=1).source
    assert "query (Linear, 20)" in opened and "query (Linear, 20)" not in closed
    assert "attention (DotAttention, 68)" in closed
    assert closed.count("[label") < opened.count("[label")


def test_a_large_network_is_drawn_with_less_depth() -> None:
    source = picture(nn.Network(small_model(num_layers=12))).source
    nodes = [line for line in source.splitlines() if line.strip().startswith("n") and "->" not in line]
    assert 10 < len(nodes) <= MOST_NODES + 10


def test_draw_writes_what_the_ending_says(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = nn.Network(small_model())
    assert network.draw(str(tmp_path / "net.dot")).read_text().startswith("digraph")
    assert network.draw(str(tmp_path / "net.txt")).read_text() == network.summary()
    if shutil.which("dot") is not None:
        assert "<svg" in network.draw(str(tmp_path / "net.svg")).read_text()
        assert network.draw(str(tmp_path / "net.png")).read_bytes().startswith(b"\x89PNG")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.warns(nn.NetworkWarning, match="Graphviz's program dot is not installed"):
        written = network.draw(str(tmp_path / "other.svg"))
    assert written.name == "other.txt" and written.read_text() == network.summary()
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
