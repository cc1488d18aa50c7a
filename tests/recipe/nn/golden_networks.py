"""The networks of the golden files, which benchmarks/layers.py compares with hand-written configs."""

from __future__ import annotations

from collections.abc import Callable

from recipe import nn

from ..models.small_model import small_model
from ..models.small_transformer import small_language_model, small_transformer
from .inputs import FRAMES
from .test_transducer import Transducer

BEAM = nn.BeamSearch(12)


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


NETWORKS: dict[str, Callable[[], nn.Network]] = {
    "rec_ff": lambda: nn.Network(RecurrentFeedForward(), extern_data=[FRAMES]),
    "attention_training": lambda: nn.Network(small_model()),
    "attention_search": lambda: nn.Network(small_model(), search=BEAM),
    "transformer_training": lambda: nn.Network(small_transformer()),
    "transformer_search": lambda: nn.Network(small_transformer(), search=BEAM),
    "transducer_training": lambda: nn.Network(Transducer()),
    "transducer_search": lambda: nn.Network(Transducer(), search=BEAM),
    "language_model": lambda: nn.Network(small_language_model()),
}
"""By the name of the golden files."""
