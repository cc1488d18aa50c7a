"""Values with several axes of fixed size: RETURNN is told which of them are the features, wherever that matters."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, frames, vector

pytestmark = pytest.mark.xdist_group("returnn-1")

OTHERS = nn.Dim(5, "others")


class Reader(nn.Module):
    """Layers that go over features."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.back = nn.Linear(FEATURES, OTHERS), nn.Linear(OTHERS, FEATURES)
        self.norm = nn.LayerNorm(FEATURES)


READERS: dict[str, Callable[[Reader, nn.Tensor], nn.Tensor]] = {
    "softmax": lambda model, x: nn.softmax(x),
    "log_softmax": lambda model, x: nn.log_softmax(x),
    "linear": lambda model, x: model.back(nn.tanh(model.linear(x))),
    "layer_norm": lambda model, x: model.norm(x),
    "positional_encoding": lambda model, x: nn.positional_encoding(x),
    "argmax": lambda model, x: nn.cast(nn.argmax(x), "float32"),
    "reduce_max": lambda model, x: nn.reduce_max(x),
    "concat": lambda model, x: nn.slice(nn.concat(x, -x), 3, 4),
    "cross_entropy": lambda model, x: nn.cross_entropy(x, nn.argmax(-x), label_smoothing=0.1),
}


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("operands", ["frame first", "step first", "outer vector"])
def test_in_a_loop_over_features(name: str, operands: str) -> None:
    """All steps of the inner loop are one more axis, as long as the features."""
    reader = Reader()

    def model() -> nn.Tensor:
        with nn.Loop() as loop:
            frame = loop.unstack(frames())
            with nn.Loop() as inner:
                feature = inner.unstack(frame, axis=FEATURES)
                x = {
                    "frame first": lambda: frame * feature,
                    "step first": lambda: feature * frame,
                    "outer vector": lambda: vector() * feature,
                }[operands]()
                y = READERS[name](reader, x)
                if y.dims[1:]:
                    y = nn.dot(y, vector() if FEATURES in y.dims else nn.slice(vector(), 0, y.feature_dim))
                ys = inner.stack(y)
            return loop.stack(ys)

    check_agreement(model, FEEDS)


PARTS = nn.Dim(3, "parts")


def last_part(x: nn.Tensor) -> nn.Tensor:
    with nn.Loop() as loop:
        return loop.last(loop.unstack(x, axis=PARTS))


REDUCED: dict[str, Callable[[nn.Tensor], nn.Tensor]] = {
    "gather": lambda x: nn.gather(x, 2, axis=PARTS),
    "gather of labels": lambda x: nn.gather(x, nn.cast(nn.argmax(nn.slice(vector(), 0, PARTS)), "int32"), axis=PARTS),
    "last": lambda x: last_part(x),
    "reduce_sum": lambda x: nn.reduce_sum(x, axis=PARTS),
    "reduce_max": lambda x: nn.reduce_max(x, axis=PARTS),
    "dot": lambda x: nn.dot(x, nn.slice(vector(), 0, PARTS), reduce=PARTS),
    "softmax": lambda x: nn.reduce_sum(nn.softmax(x, axis=PARTS) * x, axis=PARTS),
}


@pytest.mark.parametrize("name", REDUCED)
@pytest.mark.parametrize("order", ["features first", "parts first", "positions"])
def test_one_of_two_is_reduced(name: str, order: str) -> None:
    """What is left has features as before, whichever of the two RETURNN took for them."""
    reader = Reader()

    def model() -> dict[str, nn.Tensor]:
        parts = nn.range_over(PARTS, like=nn.slice(vector(), 0, PARTS))
        x = {
            "features first": lambda: nn.expand(frames(), [PARTS]) * nn.tanh(nn.cast(parts, "float32")),
            "parts first": lambda: nn.tanh(nn.cast(parts, "float32")) * nn.expand(frames(), [PARTS]),
            "positions": lambda: nn.gather(frames(), parts, axis=frames().spatial_dim),
        }[order]()
        y = REDUCED[name](x)
        names = [one for one in READERS if one != "positional_encoding" or order != "positions"]
        return {one: READERS[one](reader, y) for one in names}

    check_agreement(model, FEEDS)
