"""What the discussion's program and the attention model are written as, and their digests."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ..models.small_model import small_model
from .golden import check_golden
from .inputs import FRAMES


class RecurrentFeedForward(nn.Module):
    """``test_rec_ff`` of the discussion."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(n_out=13)

    def forward(self) -> nn.Tensor:
        x = nn.get_extern_data("data")
        with nn.Loop() as loop:
            x_ = loop.unstack(x, axis="T")
            loop.state.h = y_ = self.linear([x_, loop.state.h])
            y = loop.stack(y_)
        return y


def network(name: str) -> nn.Network:
    """The network of a golden file."""
    if name == "rec_ff":
        return nn.Network(RecurrentFeedForward(), extern_data=[FRAMES])
    kwargs: dict[str, Any] = {"search": nn.BeamSearch(12)} if name == "attention_search" else {}
    return nn.Network(small_model(), **kwargs)


NAMES = pytest.mark.parametrize("name", ["rec_ff", "attention_training", "attention_search"])


@NAMES
@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_config(name: str, device: str, request: pytest.FixtureRequest) -> None:
    check_golden(f"{name}.{device}.config", network(name).config_text(device), request)


@NAMES
def test_digest(name: str, request: pytest.FixtureRequest) -> None:
    check_golden(f"{name}.digest", network(name).digest + "\n", request)


def test_net_dict_of_the_discussion() -> None:
    """The printed one, but for the declared parameters, dims in place of names, and the explicit concat."""
    net_dict = network("rec_ff").net_dict()
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
        "linear_concat": ("concat", [("rec_unstack", features), ("prev:h", out)]),
        "output": ("copy", "linear"),
        "rec_unstack": ("rec_unstack", "base:data:data"),
    }
    assert loop["unit"]["linear"]["out_dim"].dimension == 13
    assert loop["unit"]["rec_unstack"]["axis"] is FRAMES.dims[1]
