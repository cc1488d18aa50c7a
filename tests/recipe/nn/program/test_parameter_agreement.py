"""Whether a checkpoint of one network fits another one, and what the message says if not."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from ...models.small_model import small_model
from ..inputs import FEATURES, frames


class Layers(nn.Module):
    """Linear layers by name, one after the other."""

    def __init__(self, **layers: int):
        super().__init__()
        in_dim = FEATURES
        for name, size in layers.items():
            out_dim = nn.Dim(size, name=name)
            setattr(self, name, nn.Linear(in_dim, out_dim))
            in_dim = out_dim

    def forward(self) -> nn.Tensor:
        x = frames()
        for layer in vars(self).values():
            x = layer(x)
        return x


def network(**layers: int) -> nn.Network:
    return nn.Network(Layers(**layers))


def message(trained: nn.Network, loaded: nn.Network, **kwargs: Any) -> list[str]:
    """The lines of the error behind the first, sorted, without the source line."""
    with pytest.raises(nn.NetworkError, match=r"test_parameter_agreement.py:\d+: .* do not agree") as caught:
        nn.check_parameters(trained, loaded, **kwargs)
    return sorted(line.strip() for line in str(caught.value).splitlines()[1:] if line.startswith("  ") and ": " in line)


def test_training_and_search_agree() -> None:
    model = small_model()
    nn.check_parameters(nn.Network(model), nn.Network(model, search=nn.BeamSearch(2)))


def test_missing_extra_and_differing_ones_are_listed() -> None:
    assert message(network(hidden=3, head=4), network(hidden=3, output=4)) == [
        "missing in the checkpoint: output/W [hidden=3, output=4]",
        "missing in the checkpoint: output/b [output=4]",
        "only in the checkpoint: head/W [hidden=3, head=4]",
        "only in the checkpoint: head/b [head=4]",
    ]
    assert message(network(hidden=3), network(hidden=4)) == [
        "differs: hidden/W [features=5, hidden=3] in the checkpoint, [features=5, hidden=4] in the network",
        "differs: hidden/b [hidden=3] in the checkpoint, [hidden=4] in the network",
    ]


def test_dtype() -> None:
    def of_dtype(dtype: str) -> dict[str, nn.Parameter]:
        return {"W": nn.Parameter([FEATURES], dtype=dtype)}

    with pytest.raises(nn.NetworkError, match=r"differs: W \[features=5\] float64 in the checkpoint"):
        nn.check_parameters(of_dtype("float64"), of_dtype("float32"))


def test_missing_or_extra_ones_may_be_meant() -> None:
    small, large = network(hidden=3), network(hidden=3, output=4)
    nn.check_parameters(small, large, ignore_missing=True)
    nn.check_parameters(large, small, ignore_extra=True)
    assert len(message(small, large, ignore_extra=True)) == 2
    assert len(message(large, small, ignore_missing=True)) == 2
    assert message(network(hidden=4), large, ignore_missing=True, ignore_extra=True)


def test_names_are_mapped() -> None:
    trained, loaded = network(encoder=3, head=4), network(hidden=3, output=4)
    nn.check_parameters(trained, loaded, name_map={"hidden/": "encoder/", "output/W": "head/W", "output/b": "head/b"})
    assert message(trained, loaded, name_map={"hidden/": "encoder/", "output/": "heads/"}) == [
        "missing in the checkpoint: heads/W [hidden=3, output=4] (for output/W)",
        "missing in the checkpoint: heads/b [output=4] (for output/b)",
        "only in the checkpoint: head/W [encoder=3, head=4]",
        "only in the checkpoint: head/b [head=4]",
    ]
    with pytest.raises(nn.NetworkError, match="fit no parameter of the network: 'hiden/'"):
        nn.check_parameters(trained, loaded, name_map={"hiden/": "encoder/"})
