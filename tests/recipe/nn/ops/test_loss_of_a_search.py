"""Losses of what a search found: of all hypotheses, whose mean is reported, as that of frames."""

from __future__ import annotations

import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, TIME, classes, frames

pytestmark = pytest.mark.xdist_group("returnn-2")


class Found(nn.Module):
    """
    A search, and a loss of its hypotheses.

    :param kind: of the loss
    """

    def __init__(self, kind: str):
        super().__init__()
        self.kind = kind
        self.table, self.output = nn.Embedding(LABELS, FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        encoded = nn.reduce_sum(frames(), axis=TIME)
        loop = nn.Loop(max_seq_len=3)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            scores = self.output(self.table(loop.state.label) + encoded)
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(2))
            loop.end(loop.state.label == 0)
            loss = -nn.gather(nn.log_softmax(scores), loop.state.label, axis=LABELS)
            if self.kind in ("of steps", "error of steps"):
                loss.mark_as_loss("loss", as_error=self.kind == "error of steps")
            labels, losses = loop.stack(loop.state.label), loop.stack(loss)
        if self.kind == "stacked":
            losses.mark_as_loss("loss", scale=0.5)
        elif self.kind == "sum":
            nn.reduce_sum(losses, axis=loop.axis).mark_as_loss("loss")
        elif self.kind == "last":
            loop.last(loss).mark_as_loss("loss")
        elif self.kind == "errors":
            nn.cast(nn.edit_distance(labels, classes()), "float32").mark_as_loss("loss", as_error=True)
        elif self.kind == "two axes":
            nn.combine("mul", losses, nn.reduce_sum(frames()), allow_broadcast_all_sources=True).mark_as_loss("loss")
        elif self.kind == "second pass":
            with nn.Loop() as again:
                nn.cross_entropy(self.output(self.table(again.unstack(labels))), again.unstack(labels)).mark_as_loss(
                    "loss"
                )
        return labels


KINDS = ["of steps", "error of steps", "stacked", "sum", "last", "errors", "two axes", "second pass"]


@pytest.mark.parametrize("kind", KINDS)
def test_loss_of_hypotheses(kind: str) -> None:
    network = nn.Network(Found(kind))
    feeds = {name: FEEDS[name] for name in network.extern_data}
    check_agreement(network, feeds, train=True, gradients=kind not in ("error of steps", "errors"))
