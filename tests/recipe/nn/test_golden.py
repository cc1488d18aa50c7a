"""What the discussion's program and four more models are written as, and their digests."""

from __future__ import annotations

import pathlib
import subprocess
import sys

import pytest

from .golden import DIRECTORY, check_golden
from .golden_networks import NETWORKS
from .inputs import FRAMES

NAMES = pytest.mark.parametrize("name", NETWORKS)


@NAMES
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_config(name: str, device: str, request: pytest.FixtureRequest) -> None:
    check_golden(f"{name}.{device}.config", NETWORKS[name]().config_text(device), request)


@NAMES
def test_config_for_torch(name: str, request: pytest.FixtureRequest) -> None:
    check_golden(f"{name}.torch.config", NETWORKS[name]().config_text(engine="torch"), request)


@NAMES
def test_digest(name: str, request: pytest.FixtureRequest) -> None:
    check_golden(f"{name}.digest", NETWORKS[name]().digest + "\n", request)


@NAMES
def test_lines_are_within_120_columns(name: str) -> None:
    for text in (NETWORKS[name]().config_text("cpu"), NETWORKS[name]().config_text(engine="torch")):
        assert max(len(line) for line in text.splitlines()) <= 120


def test_a_formatter_changes_nothing(tmp_path: pathlib.Path) -> None:
    """Neither in ours nor in those written by hand."""
    files = [*DIRECTORY.glob("*.config"), *(DIRECTORY.parents[1] / "benchmarks" / "handwritten").glob("*.config")]
    assert len(files) >= 3 * len(NETWORKS) + 5
    for file in files:
        (tmp_path / f"{file.name.replace('.', '_')}.py").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "120", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_net_dict_of_the_discussion() -> None:
    """The printed one, but for declared parameters, dims for names, the explicit concat, and how a frame is read."""
    net_dict = NETWORKS["rec_ff"]().net_dict()
    layers = {name: layer for name, layer in net_dict.items() if layer["class"] != "variable"}
    assert set(layers) == {"loop", "output"}
    assert layers["output"]["class"] == "copy" and layers["output"]["from"] == "loop"
    loop = layers["loop"]
    assert (loop["class"], loop["from"]) == ("rec", [])
    unit = {name: (layer["class"], layer["from"]) for name, layer in loop["unit"].items()}
    features, out = FRAMES.dims[-1], net_dict["linear_b"]["shape"][0]
    assert unit == {
        "h": ("copy", "linear"),
        "linear": ("linear", "linear_concat"),
        "linear_concat": ("concat", [("x_", features), ("prev:h", out)]),
        "output": ("copy", "linear"),
        "x_": ("eval", ["base:data:data", ":i"]),
    }
    assert loop["unit"]["linear"]["out_dim"].dimension == 13
    assert loop["unit"]["x_"]["eval_locals"] == {"axis": FRAMES.dims[1]}
