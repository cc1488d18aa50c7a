"""Gradients that RETURNN computes, against differences of what NumPy computes."""

from __future__ import annotations

import numpy

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LENGTHS, frames
from .placed import SequenceFunction, as_frame

STEP = 2e-3


class _Scaled(nn.Module):
    """A loss of a function of the frames, each of which depends on two parameters."""

    def __init__(self, function: SequenceFunction, in_loop: bool):
        super().__init__()
        self.function, self.in_loop = function, in_loop
        self.scale, self.shift = nn.Parameter([FEATURES]), nn.Parameter([FEATURES])

    def forward(self) -> nn.Tensor:
        x = frames() * (1.0 + self.scale) + self.shift
        if self.in_loop:
            loop = nn.Loop()
            loop.state.h = nn.zeros([nn.batch_dim, FEATURES])
            with loop:
                loop.state.h = nn.tanh(as_frame(self.function(x * nn.sigmoid(loop.state.h))) + 0.1 * loop.unstack(x))
            y = loop.state.h
        else:
            y = self.function(x)
        y = y if y.dtype.startswith("float") else nn.cast(y, "float32")
        rest = [dim for dim in y.dims if not dim.is_batch]
        if any(dim.is_dynamic for dim in rest):  # so that places count differently
            axis = next(dim for dim in rest if dim.is_dynamic)
            y = y * (1.0 + nn.cast(nn.range_over(axis, like=y), "float32"))
        loss = nn.reduce_sum(nn.sin(y), rest) if rest else nn.sin(y)
        loss.mark_as_loss("loss")
        return loss


def check_slopes(function: SequenceFunction, *, in_loop: bool = False, factor: float = 1.0, rtol: float = 0.02) -> None:
    """
    Compares the gradient of a loss by two parameters.

    :param function: of a sequence of vectors [batch, time, features]
    :param in_loop: whether it is computed in the steps of a loop
    :param factor: of the gradient in RETURNN, for functions that scale it
    :raises AssertionError: where they differ
    """
    network = nn.Network(_Scaled(function, in_loop))
    generator = numpy.random.default_rng(3)
    parameters = {name: 0.2 * generator.standard_normal(5).astype("float32") for name in ("scale", "shift")}
    run = check_agreement(network, FEEDS, parameters=parameters, train=True, gradients=True).in_returnn
    for name in parameters:
        slopes = []
        for place in range(5):
            losses = []
            for sign in (1, -1):
                moved = {key: value.astype("float64") for key, value in parameters.items()}
                moved[name][place] += sign * STEP
                losses.append(nn.run_numpy(network, FEEDS, moved).losses["loss"] * len(LENGTHS))
            slopes.append((losses[0] - losses[1]) / (2 * STEP))
        gradient = run.gradients[name]
        if gradient is None:
            gradient = numpy.zeros(5)
        scale = max(numpy.abs(slopes).max(), 1.0)
        numpy.testing.assert_allclose(
            gradient, factor * numpy.array(slopes), rtol=rtol, atol=rtol * scale, err_msg=name
        )
