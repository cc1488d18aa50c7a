"""Which values have a row for each hypothesis after a search: those that depend on its labels, by values or lengths."""

from __future__ import annotations

from recipe import nn

from ..agreement import random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, frames, vector


class Tagger(nn.Module):
    """A search for a label of each frame, and loops over what was found."""

    def __init__(self) -> None:
        super().__init__()
        self.readout, self.embedding = nn.Linear(FEATURES, LABELS), nn.Embedding(LABELS, FEATURES)

    def forward(self) -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            scores = self.readout(loop.unstack(frames()) + self.embedding(loop.state.label))
            loop.state.label = nn.choice(scores, search=nn.BeamSearch(2))
            labels = loop.stack(loop.state.label)
        pooled = nn.pool(self.embedding(labels), 2)
        with nn.Loop() as again:
            again.unstack(pooled)
            values, last = again.stack(vector()), again.last(vector())
        return {"values": values, "last": last, "pooled": pooled}


def test_lengths_that_are_the_same_for_all_hypotheses() -> None:
    network = nn.Network(Tagger())
    feeds = {name: FEEDS[name] for name in network.extern_data}
    rows = {
        name: len(result.value)
        for name, result in nn.run_numpy(network, feeds, random_parameters(network)).outputs.items()
    }
    assert rows == {"values": 3, "last": 3, "pooled": 6}
