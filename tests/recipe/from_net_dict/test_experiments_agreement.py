"""The script that compares all configs of a directory: what it runs once, with which sizes, and its table."""

from __future__ import annotations

import json
import pathlib

import pytest

from recipe.from_net_dict.net_dict import read_net_dict

from .experiments_agreement import main
from .small_network import scaled_size, small_network, structure

CONFIG = """
extern_data = {{"data": {{"dim": 40}}, "classes": {{"dim": {labels}, "sparse": True}}}}
network = {{
    "lstm": {{"class": "rec", "unit": "nativelstm2", "n_out": {size}, "from": "data", "dropout": {dropout}}},
    "heads": {{"class": "split_dims", "axis": "F", "dims": (8, {size} // 8), "from": "lstm"}},
    "output": {{"class": "softmax", "from": "lstm", "loss": "ce", "target": "classes"}},
}}
"""


def config(size: int = 512, labels: int = 9001, dropout: float = 0.1) -> str:
    return CONFIG.format(size=size, labels=labels, dropout=dropout)


@pytest.mark.parametrize("sizes", [(512, 8, 64), (2048, 2, 1024), (1000, 1, 1000), (768, 12, 64), (40, 1, 40)])
def test_products_of_sizes_stay(sizes: tuple[int, int, int]) -> None:
    whole, heads, each = map(scaled_size, sizes)
    assert whole == heads * each and whole <= 128


def test_small_network() -> None:
    small = small_network(read_net_dict(config()))
    assert (small.layers["lstm"]["n_out"], small.layers["heads"]["dims"]) == (32, (8, 4))
    labels = small.inputs["classes"].labels
    assert labels is not None and labels.size == scaled_size(9001) < 128
    named = read_net_dict("feature = Dim(512, name='feature')\nnetwork = {'output': {'class': 'copy', 'n_out': 512}}")
    assert small_network(named) is named


def test_structure() -> None:
    """Other numbers of the same kind are the same network; other layers, or none where there was a rate, are not."""
    one = structure(read_net_dict(config()))
    assert structure(read_net_dict(config(size=1024, labels=4501, dropout=0.3))) == one
    assert structure(read_net_dict(config(dropout=0.0))) != one
    assert structure(read_net_dict(config().replace("nativelstm2", "lstmblock"))) != one


def test_table(tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"config": "a", "status": "agrees", "detail": "", "structure": "1"},
        {"config": "b", "status": "agrees", "detail": "", "structure": "1"},
        {"config": "c", "status": "original refused", "detail": "no such layer", "structure": "2"},
        {"config": "c", "status": "differs", "detail": "loss of 'output'", "structure": "2"},
    ]
    results = tmp_path / "results.jsonl"
    results.write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert main([str(tmp_path), "--out", str(results), "--table"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[1].split() == ["agrees", "2", "1"] and printed[2].split() == ["differs", "1", "1"]
    assert "    1  loss of 'output'" in printed and not any("no such layer" in line for line in printed)
