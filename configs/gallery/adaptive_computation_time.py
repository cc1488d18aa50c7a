"""
Adaptive computation time (Graves 2016, https://arxiv.org/abs/1603.08983): a recurrent network that makes as many
steps with each frame as it needs, and pays for them.

The steps with one frame are an inner loop that ends by itself for each sequence. What the next frame gets is the mean
of the inner states by their halting weights, so gradients reach the halting unit. The paper's task is here: the
parity of a vector of ones and zeros, or of all vectors so far.
"""

from __future__ import annotations

from typing import Any

from recipe import nn

BITS, PARITY = nn.Dim(6, "bits"), nn.Dim(2, "parity", labels=["even", "odd"])
TIME = nn.Dim(None, "time")
VECTORS = nn.ExternData("data", [nn.batch_dim, TIME, BITS])
TARGETS = nn.ExternData("classes", [nn.batch_dim, TIME], sparse_dim=PARITY)


class AdaptiveNetwork(nn.Module):
    """
    :param size: of the state
    :param limit: the greatest number of steps with one frame
    :param threshold: the sum of halting probabilities at which it goes on to the next frame
    :param cost: of a step, in nats
    """

    def __init__(self, size: int = 5, *, limit: int = 6, threshold: float = 0.99, cost: float = 0.01):
        super().__init__()
        self.limit, self.threshold, self.cost = limit, threshold, cost
        self.dim = nn.Dim(size, "hidden")
        self.cell = nn.GruCell(BITS + 1, self.dim)  # the one more says whether it is the first step with this frame
        self.halt, self.output = nn.Linear(1), nn.Linear(PARITY)

    def ponder(self, frame: nn.Tensor, state: nn.Tensor) -> tuple[nn.Tensor, nn.Tensor, nn.Tensor]:
        """The mean state [batch, hidden] after as many steps as wanted, their number [batch], the last one's weight."""
        loop = nn.Loop(max_seq_len=self.limit)
        loop.state.h, loop.state.mean = state, nn.zeros([nn.batch_dim, self.dim])
        loop.state.halted = nn.zeros([nn.batch_dim])  # the sum of the halting probabilities so far
        with loop:
            is_first = nn.expand(nn.cast(loop.iter_idx == 0, "float32"), [nn.batch_dim, 1])
            h, loop.state.h = self.cell(nn.concat(frame, is_first), loop.state.h)
            p = nn.squeeze(nn.sigmoid(self.halt(h)))
            is_last = (loop.state.halted + p >= self.threshold) | (loop.iter_idx == self.limit - 1)
            weight = nn.where(is_last, 1.0 - loop.state.halted, p)
            loop.state.mean = loop.state.mean + weight * h
            loop.state.halted = loop.state.halted + weight
            loop.state.steps = nn.cast(loop.iter_idx + 1, "float32")
            loop.end(is_last, include_eos=True)
            remainder = loop.last(weight)
        return loop.state.mean, loop.state.steps, remainder

    def forward(self) -> dict[str, nn.Tensor]:
        """Logits [batch, time, parity] and the number of steps with each frame [batch, time]."""
        loop = nn.Loop()
        loop.state.h = nn.zeros([nn.batch_dim, self.dim])
        with loop:
            frame = loop.unstack(nn.get_extern_data(VECTORS))
            loop.state.h, steps, remainder = self.ponder(frame, loop.state.h)
            logits = self.output(loop.state.h)
            nn.cross_entropy(logits, loop.unstack(nn.get_extern_data(TARGETS))).mark_as_loss("ce")
            (steps + remainder).mark_as_loss("ponder", scale=self.cost)
            return {"logits": loop.stack(logits), "steps": loop.stack(steps)}


def training(**dims: Any) -> nn.Network:
    """Trained on vectors and the parity of all bits so far; forwarded, it gives both outputs of the model."""
    return nn.Network(AdaptiveNetwork(**dims))
