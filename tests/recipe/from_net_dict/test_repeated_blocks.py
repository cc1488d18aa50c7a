"""Layers under numbered names become one class and a list of its modules, where they are equal and in a chain."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest

from recipe.from_net_dict import from_net_dict

from .written_module import imported

REPEATED = pathlib.Path(__file__).with_name("repeated_layers.config")
LINEAR = {"class": "linear", "activation": "tanh", "n_out": 4}


def chain(count: int, **changed: dict[str, Any]) -> str:
    """A config with equal layers in a chain, some of which are changed."""
    network: dict[str, Any] = {}
    source = "data"
    for number in range(count):
        network[f"ff{number}"] = {**LINEAR, "from": source}
        source = f"ff{number}"
    for name, options in changed.items():
        network[name] = {**network.get(name, {}), **options}
    network["output"] = {**LINEAR, "from": source}
    return f"extern_data = {{'data': {{'dim': 4}}}}\nnetwork = {network!r}"


def test_class_and_list(tmp_path: pathlib.Path) -> None:
    """Its classes and lists, and the names of parameters: each is that of one layer."""
    written = from_net_dict(REPEATED.read_text())
    assert written.problems == []
    assert "self.lstm = nn.ModuleList([LstmLayer() for _ in range(3)])" in written.text
    assert "lstm_fw, lstm_bw = layer(lstm_fw, lstm_bw)" in written.text
    assert "self.enc = nn.ModuleList([EncLayer() for _ in range(3)])" in written.text
    assert "def forward(self, x: nn.Tensor, extra: nn.Tensor) -> nn.Tensor:" in written.text
    assert written.name_map["lstm/2/bw/W_re"] == "lstm3_bw/rec/W_re"
    assert written.name_map["enc/0/ff_1/b"] == "enc_01_ff_1/b"
    network = imported(written, tmp_path).training_network()
    assert set(network.parameters) == set(written.name_map)
    assert len(set(written.name_map.values())) == len(written.name_map)


@pytest.mark.parametrize(
    ("text", "lists"),
    [
        (chain(4), ["range(4)"]),
        (chain(2), []),
        (chain(5, ff2={"activation": "relu"}), []),
        (chain(6, ff1={"n_out": 5}), ["range(4)"]),
        (chain(4, other={**LINEAR, "from": "ff1", "loss": "as_is"}), []),
        (chain(4, other={**LINEAR, "from": "ff3", "loss": "as_is"}), ["range(4)"]),
        (chain(4, ff3={"reuse_params": "ff2"}), []),
        (chain(4, ff3={"from": ["ff2", "ff1"]}), []),
        (chain(5, ff4={"loss": "as_is"}), ["range(5)"]),
        (chain(6, ff4={"reuse_params": "ff5"}), ["range(4)"]),
    ],
)
def test_what_is_a_list(text: str, lists: list[str], tmp_path: pathlib.Path) -> None:
    """Not where layers differ, something else reads one of the middle, or they share parameters."""
    written = from_net_dict(text)
    assert written.problems == []
    assert [
        line.partition(" in ")[2].strip("])") + ")" for line in written.text.splitlines() if "ModuleList" in line
    ] == lists
    network = imported(written, tmp_path).training_network()
    assert set(network.parameters) == set(written.name_map)
