"""What the steps of a search cost in TensorFlow."""

from __future__ import annotations

from typing import Any

import pytest

from recipe import nn

from .. import returnn_run
from ..agreement import random_parameters
from ..inputs import FEATURES, FEEDS, LABELS, frames
from ..returnn_run import run_returnn

pytestmark = pytest.mark.xdist_group("returnn-1")


class Search(nn.Module):
    """Attention to an LSTM's output, which RETURNN has time-major, with input feeding and a cell."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.Lstm(FEATURES, FEATURES)
        self.embedding, self.cell = nn.Embedding(LABELS, FEATURES), nn.LstmCell(2 * FEATURES, FEATURES)
        self.output = nn.Linear(2 * FEATURES, LABELS)

    def forward(self) -> nn.Tensor:
        encoded, _ = self.lstm(frames())
        loop = nn.Loop(max_seq_len=4)
        loop.state.label = nn.constant(1, [nn.batch_dim], sparse_dim=LABELS)
        loop.state.cell, loop.state.context = self.cell.initial_state(), nn.zeros([nn.batch_dim, FEATURES])
        with loop:
            x = nn.concat(self.embedding(loop.state.label), loop.state.context)
            h, loop.state.cell = self.cell(x, loop.state.cell)
            weights = nn.softmax_over_spatial(nn.dot(encoded, h))
            loop.state.context = nn.dot(weights, encoded, reduce=weights.spatial_dim)
            loop.state.label = nn.choice(self.output(nn.concat(h, loop.state.context)), search=nn.BeamSearch(3))
            loop.end(loop.state.label == 0)
            return loop.stack(loop.state.label)


def test_gates_are_computed_once_and_nothing_is_transposed(monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    kinds: list[str] = []
    beam_scores = returnn_run._beam_scores

    def seen(*arguments: Any) -> Any:
        for op in tf.compat.v1.get_default_graph().get_operations():
            context = op._get_control_flow_context()
            if context is None or not context.name.startswith("loop/"):
                continue
            order = tf.get_static_value(op.inputs[1]) if op.type == "Transpose" else None
            if order is None or order.tolist() != sorted(order):
                kinds.append(op.type)
        return beam_scores(*arguments)

    monkeypatch.setattr(returnn_run, "_beam_scores", seen)
    network = nn.Network(Search())
    run_returnn(network, {"data": FEEDS["data"]}, random_parameters(network), search=True)
    assert kinds.count("MatMul") == 2, "of the cell's gates, and of the output"
    assert kinds.count("BatchMatMulV2") == 2, "of the attention"
    assert kinds.count("TopKV2") == 1
    assert kinds.count("Transpose") == 0
