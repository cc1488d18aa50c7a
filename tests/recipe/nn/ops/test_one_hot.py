"""Labels as vectors: NumPy against a plain loop, and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, LABELS, TIME
from .placed import FEEDS, LABEL_SEQUENCES, PLACES, SequenceFunction, check_placed, classes, frames

pytestmark = pytest.mark.xdist_group("returnn-1")

FUNCTIONS: dict[str, SequenceFunction] = {
    "best_features": lambda x: nn.one_hot(nn.argmax(x)),
    "chunks": lambda x: nn.one_hot(nn.chunk(nn.argmax(x), 2), dtype="int32"),
}


@pytest.mark.parametrize("place", PLACES)
def test_in_all_places(place: str) -> None:
    check_placed(place, FUNCTIONS, check_agreement)


def test_against_a_plain_loop() -> None:
    def model() -> dict[str, nn.Tensor]:
        vectors = nn.one_hot(classes())
        assert vectors.dims == (nn.batch_dim, TIME, LABELS) and vectors.sparse_dim is None
        return {
            "vectors": vectors,
            "integers": nn.one_hot(classes(), dtype="int32"),
            "conditions": nn.one_hot(classes(), dtype="bool"),
            "int64": nn.one_hot(nn.cast(classes(), "int64", sparse_dim=LABELS)),
        }

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    for name, dtype in {"vectors": "float32", "integers": "int32", "conditions": "bool", "int64": "float32"}.items():
        assert outputs[name].value.dtype == dtype
        for labels, result in zip(LABEL_SEQUENCES, outputs[name].sequences()):
            numpy.testing.assert_array_equal(result, numpy.eye(7)[labels])


class _Decoder(nn.Module):
    """Feeds the label of the step before as a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.recurrent, self.output = nn.Linear(FEATURES), nn.Linear(FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        loop = nn.Loop(max_seq_len=5)
        loop.state.h = nn.reduce_sum(frames(), TIME)
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            loop.state.h = nn.tanh(self.recurrent(nn.concat(loop.state.h, nn.one_hot(loop.state.label))))
            loop.state.label = nn.choice(self.output(loop.state.h), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0, include_eos=False)
            return loop.stack(loop.state.label)


def test_label_of_the_step_before() -> None:
    check_agreement(_Decoder(), FEEDS)


def test_refused() -> None:
    with pytest.raises(nn.NetworkError, match=r"test_one_hot.*is int32: nn.cast\(x, 'int32', sparse_dim=dim\)"):
        nn.Network(lambda: nn.one_hot(nn.cast(classes(), "int32")))
    with pytest.raises(nn.NetworkError, match="test_one_hot.*would have the dim features=5 twice"):
        nn.Network(lambda: nn.one_hot(nn.cast(frames(), "int32", sparse_dim=FEATURES)))
