"""What a user's program may import: a loop with a mistake, and a function that is called by mistake."""

from __future__ import annotations

from recipe import nn

from ..inputs import frames


def running_sum() -> nn.Tensor:
    """A state that gets other dims."""
    loop = nn.Loop()
    loop.state.s = nn.zeros([nn.batch_dim])
    with loop:
        loop.state.s = loop.state.s + loop.unstack(frames())  # line of the mistake
    return loop.state.s
