"""Puts an op into a loop such that RETURNN cannot move it out again."""

from __future__ import annotations

from collections.abc import Callable

from recipe import nn

from .inputs import FEATURES, LABELS, classes, frames, other_frames

FrameFunction = Callable[[nn.Tensor, nn.Tensor, nn.Tensor], nn.Tensor]


def on_sequence(function: FrameFunction) -> nn.Tensor:
    """``function`` of frames, other frames and labels, on whole sequences."""
    return function(frames(), other_frames(), classes())


def in_loop(function: FrameFunction) -> dict[str, nn.Tensor]:
    """
    The same step by step: all steps, and a state that collects them. Frames and labels depend on that state, and it on
    the result, so that all of this stays in the loop.
    """
    loop = nn.Loop()
    loop.state.carried = nn.zeros([nn.batch_dim, FEATURES])
    with loop:
        carried = loop.state.carried
        frame = loop.unstack(frames()) + carried
        never = nn.reduce_sum(carried) > 1000.0
        label = nn.where(never, nn.constant(0, sparse_dim=LABELS), loop.unstack(classes()))
        result = function(frame, loop.unstack(other_frames()), label)
        loop.state.carried = 0.25 * frame + trace_of(result)
        steps = loop.stack(result)
    return {"steps": steps, "carried": loop.state.carried}


def trace_of(x: nn.Tensor) -> nn.Tensor:
    """A small number per sequence that depends on all entries of ``x``: [batch]."""
    x = x if x.dtype == "float32" else nn.cast(x, "float32")
    rest = [dim for dim in x.dims if not dim.is_batch]
    return nn.tanh(nn.reduce_sum(x, rest) if rest else x) * 0.125
