"""Dropout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy

from ..plain.delayed import Delayed, delayed_or, resolved
from ..plain.number import is_number
from ..record.op import Op
from ..record.recording import as_tensor
from ..record.tensor import Tensor

if TYPE_CHECKING:
    from ..numpy_run.interpreter import Run
    from ..tf_layers.layers import Reference
    from ..tf_layers.lowering import Lowering


class Dropout(Op):
    """Entries set to 0 at random in training, the others scaled up (Srivastava et al. 2014)."""

    name = "dropout"
    is_random = True

    def __init__(self, x: Tensor, rate: float | Delayed):
        self.rate = rate
        super().__init__(x)

    def infer(self) -> None:
        """Those of the input."""
        self.require_float(self.inputs[0])
        self.set_output(self.inputs[0].known_dims)

    def numpy(self, run: Run, x: numpy.ndarray) -> numpy.ndarray:
        """The input itself outside of training."""
        if not run.train:
            return x
        rate = resolved(self.rate)
        keep = run.random.random(x.shape) >= rate
        return (x * keep / (1.0 - rate)).astype(x.dtype)

    def layer(self, lower: Lowering) -> Reference:
        """``dropout`` with a mask entry for each place; by default RETURNN has one for all sequences and frames."""
        x = lower.reference(self.inputs[0])
        loop = self.body.loop
        if lower.is_canonical:
            return lower.add(self, "dropout", {"from": x, "dropout": self.rate})
        if loop is not None and not self.inputs[0].op.body.is_inside(loop.body_of_steps):
            # RETURNN would move this out of the loop, and all steps would have one mask
            options = {"from": [x, lower.step()], "eval": "source(0) + 0 * tf.cast(source(1), source(0).dtype)"}
            x = lower.add(self, "eval", {**options, "allow_broadcast_all_sources": True}, name="step_of_dropout")
        if lower.once(("dropout", x, self.rate), lambda: self) is not self:
            x = lower.add(self, "copy", {"from": x}, name="dropped_again")  # of one source RETURNN has one mask only
        return lower.add(self, "dropout", {"from": x, "dropout": self.rate, "dropout_noise_shape": {"*": None}})


def dropout(x: Tensor, rate: Any) -> Tensor:
    """
    Entries set to 0 with probability ``rate`` in training, the others divided by ``1 - rate``.

    :raises NetworkError: if the rate is not in [0, 1)
    """
    rate = delayed_or(rate, "the dropout rate", _is_rate, "at least 0 and below 1")
    x = as_tensor(x)
    return Dropout(x, rate).output if isinstance(rate, Delayed) or rate else x


def _is_rate(value: Any) -> bool:
    return is_number(value) and 0.0 <= value < 1.0
