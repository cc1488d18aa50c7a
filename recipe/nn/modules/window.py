"""Window: the last frames of a value in a loop, joined."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..language.module import Module
from ..language.state import State
from ..language.state_argument import state_argument
from ..ops.array import concat
from ..ops.constants import zeros
from ..plain.dim import DimLike, as_dim, batch_dim
from ..plain.errors import NetworkError
from ..plain.number import is_size
from ..plain.structure import structure_text
from ..record.graph import Tensor


class Window(Module):
    """
    The last ``size`` frames of a value in a loop, joined to one vector, as a causal convolution sees them::

        frames, loop.state.window = window(x, loop.state.window)
        y = linear(frames)

    It has no parameters; before the first frame it sees zeros.

    :param dim: of a frame
    :param size: how many frames, this one included
    """

    def __init__(self, dim: DimLike, size: int):
        super().__init__()
        if not is_size(size) or size < 2:
            raise NetworkError(f"a Window of {size!r} frames: it needs at least 2, this one and one before")
        self.dim, self.size = as_dim(dim), size

    def initial_state(self) -> tuple[Tensor, ...]:
        """Zeros, [batch, dim] for each frame before this one."""
        return tuple(zeros([batch_dim, self.dim]) for _ in range(self.size - 1))

    def forward(self, x: Tensor, state: tuple[Tensor, ...] | State) -> tuple[Tensor, tuple[Tensor, ...]]:
        """
        :param x: [batch, dim]
        :param state: the frames before, the oldest first
        :return: [batch, size * dim], the oldest first, and the new state
        """
        state = state_argument(state, self.initial_state)
        if not isinstance(state, (tuple, list)) or len(state) != self.size - 1:
            raise NetworkError(
                f"a Window of {self.size} frames wants the {self.size - 1} before as its state, not {_given(state)}: "
                "frames, loop.state.window = window(x, loop.state.window), with "
                "loop.state.window = window.initial_state() before the loop body"
            )
        frames = (*state, x)
        return concat(*frames), frames[1:]

    if TYPE_CHECKING:
        __call__ = forward


def _given(state: object) -> str:
    return f"the tensor {state}" if isinstance(state, Tensor) else structure_text(state) if state else repr(state)
