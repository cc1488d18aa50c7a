"""The prior of labels."""

from __future__ import annotations

import os
from typing import Any

import numpy
from returnn.forward_iface import ForwardCallbackIface


class PriorWriter(ForwardCallbackIface):
    """
    Writes the logarithm of the mean of the probabilities of labels over all frames, a label a line.

    :param path: of the file
    :param input_type: what the output "output" has: "logits", "log_prob" or "prob"
    :param axis: of it, beside the batch, that is over the labels
    """

    def __init__(self, path: str, input_type: str, axis: int):
        self.path = path
        self.input_type = input_type
        self.axis = axis

    def init(self, *, model: Any) -> None:
        """Begins the sums."""
        self.total: Any = 0.0
        self.frames = 0

    def process_seq(self, *, seq_tag: str, outputs: Any) -> None:
        """Adds the frames of a sequence."""
        scores = numpy.moveaxis(outputs["output"].raw_tensor, self.axis, -1)
        scores = scores.reshape([-1, scores.shape[-1]])
        if self.input_type == "logits":
            scores = numpy.exp(scores - scores.max(axis=-1, keepdims=True))
            scores = scores / scores.sum(axis=-1, keepdims=True)
        elif self.input_type == "log_prob":
            scores = numpy.exp(scores)
        self.total = self.total + scores.sum(axis=0, dtype="float64")
        self.frames += len(scores)

    def finish(self) -> None:
        """
        Writes the file.

        :raises ValueError: if there was no frame, or a score is not finite
        """
        prior = self.total / self.frames if self.frames else numpy.nan
        if not numpy.isfinite(prior).all():
            raise ValueError(f"the prior of {self.frames} frames is not finite: {prior}")
        numpy.savetxt(self.path + ".part", numpy.log(prior))
        os.replace(self.path + ".part", self.path)
