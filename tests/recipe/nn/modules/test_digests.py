"""The digests of programs with one module each, which jobs of users have in their ids: they stay as they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from recipe import nn

from ..golden import check_golden
from ..programs.inputs import FEATURES, OTHER, TIME, grid_, v_, x_, z_

OUT = nn.Dim(3, "out")


def in_a_loop(cell: nn.GruCell | nn.ProjectedLstmCell) -> nn.Tensor:
    """A cell in each step."""
    loop = nn.Loop()
    loop.state.cell = cell.initial_state()
    with loop:
        h, loop.state.cell = cell(loop.unstack(x_()), loop.state.cell)
        return loop.stack(h)


def step_by_step(attention: nn.MultiHeadAttention) -> nn.Tensor:
    """Self attention of the steps of a loop."""
    with nn.Loop() as loop:
        return loop.stack(attention(loop.unstack(x_()), causal=True, left=2))


MODULES: dict[str, tuple[Callable[[], nn.Module], Callable[..., nn.Tensor]]] = {
    "gru_cell": (lambda: nn.GruCell(FEATURES, OUT), in_a_loop),
    "gru": (lambda: nn.Gru(FEATURES, OUT), lambda module: module(x_())[0]),
    "gru_backward": (lambda: nn.Gru(FEATURES, OUT, direction=-1), lambda module: module(x_())[0]),
    "bidirectional_gru": (lambda: nn.BidirectionalGru(FEATURES, OUT), lambda module: module(x_())),
    "projected_lstm_cell": (lambda: nn.ProjectedLstmCell(FEATURES, OUT, 2), in_a_loop),
    "projected_lstm": (lambda: nn.ProjectedLstm(FEATURES, OUT, 2), lambda module: module(x_())[0]),
    "rms_norm": (lambda: nn.RmsNorm(FEATURES), lambda module: module(x_())),
    "group_norm": (lambda: nn.GroupNorm(2, FEATURES), lambda module: module(x_())),
    "batch_norm": (lambda: nn.BatchNorm(FEATURES), lambda module: module(x_())),
    "conv_2d": (lambda: nn.Conv2d(FEATURES, OUT, 3), lambda module: module(grid_(), axes=[TIME, OTHER])),
    "conv_2d_strided": (lambda: nn.Conv2d(FEATURES, OUT, (3, 2), stride=2), lambda module: module(grid_())),
    "transposed_conv": (lambda: nn.TransposedConv1d(FEATURES, OUT, 3, stride=2), lambda module: module(x_())),
    "attention": (lambda: nn.MultiHeadAttention(FEATURES, 2), lambda module: module(x_(), z_())),
    "attention_of_a_vector": (lambda: nn.MultiHeadAttention(FEATURES, 2), lambda module: module(v_(), z_())),
    "self_attention": (lambda: nn.MultiHeadAttention(FEATURES, 2, dropout=0.1), lambda module: module(x_())),
    "causal_attention": (lambda: nn.MultiHeadAttention(FEATURES, 2), lambda module: module(x_(), causal=True)),
    "chunked_attention": (lambda: nn.MultiHeadAttention(FEATURES, 2), lambda module: module(x_(), chunk=2, left=1)),
    "relative_attention": (lambda: nn.MultiHeadAttention(FEATURES, 2, relative=2), lambda module: module(x_())),
    "rotary_attention": (lambda: nn.MultiHeadAttention(FEATURES, 2, rotary=True), lambda module: module(x_())),
    "attention_of_steps": (lambda: nn.MultiHeadAttention(FEATURES, 2, relative=1, rotary=True), step_by_step),
}


def network(name: str) -> nn.Network:
    """A program with one of them."""
    make, call = MODULES[name]

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.module = make()

        def forward(self) -> nn.Tensor:
            return call(self.module)

    return nn.Network(Model())


def test_digests(request: pytest.FixtureRequest) -> None:
    lines = [f"{name} {network(name).digest}\n" for name in MODULES]
    assert len({line.split()[1] for line in lines}) == len(lines), "two programs are one"
    check_golden("modules.digests", "".join(lines), request)


def test_names_of_parameters(request: pytest.FixtureRequest) -> None:
    """They are in checkpoints."""
    text = "".join(f"{name}: {' '.join(sorted(network(name).parameters))}\n" for name in MODULES)
    check_golden("modules.parameters", text, request)
