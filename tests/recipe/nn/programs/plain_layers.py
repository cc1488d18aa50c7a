"""Layers for references, of one sequence or one frame, in plain NumPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy

Parameters = Mapping[str, numpy.ndarray]
Vectors = Sequence[numpy.ndarray] | numpy.ndarray
Numbers = Sequence[float] | numpy.ndarray


def sigmoid(x: Any) -> Any:
    """``1 / (1 + exp(-x))``."""
    return 1 / (1 + numpy.exp(-x))


def log_softmax(x: Any) -> numpy.ndarray:
    """Of one vector."""
    x = numpy.asarray(x) - numpy.max(x)
    return x - numpy.log(numpy.exp(x).sum())


def softmax(x: Any) -> numpy.ndarray:
    """Of one vector; of none, none."""
    return numpy.exp(log_softmax(x)) if len(x) else numpy.zeros(0)


def cross_entropy(logits: numpy.ndarray, label: int) -> float:
    """Of one frame."""
    return -float(log_softmax(logits)[label])


def linear(p: Parameters, name: str, x: numpy.ndarray) -> numpy.ndarray:
    """``x W + b``, without ``b`` if there is none."""
    y = x @ p[f"{name}/W"]
    return y + p[f"{name}/b"] if f"{name}/b" in p else y


def lstm(
    p: Parameters, name: str, x: numpy.ndarray, state: Sequence[numpy.ndarray]
) -> tuple[numpy.ndarray, tuple[numpy.ndarray, numpy.ndarray]]:
    """
    One step of an LSTM.

    :param state: h and c
    :return: h, and the new state
    """
    h, c = state
    j, i, f, o = numpy.split(x @ p[f"{name}/W"] + h @ p[f"{name}/W_re"] + p[f"{name}/b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(j)
    h = sigmoid(o) * numpy.tanh(c)
    return h, (h, c)


def lstm_sequence(
    p: Parameters, name: str, frames: Vectors, state: Sequence[numpy.ndarray] | None = None
) -> tuple[list[numpy.ndarray], Sequence[numpy.ndarray]]:
    """
    An LSTM over a sequence.

    :param state: what it starts from; default: zeros
    :return: h in all steps, and the last state
    """
    size = p[f"{name}/W_re"].shape[0]
    state = state if state is not None else (numpy.zeros(size), numpy.zeros(size))
    steps = []
    for frame in frames:
        h, state = lstm(p, name, frame, state)
        steps.append(h)
    return steps, state


def weighted_mean(energies: Numbers, values: Vectors) -> Any:
    """The mean of values, weights from energies."""
    return sum(weight * value for weight, value in zip(softmax(energies), values))


def dot_attention(p: Parameters, name: str, query: numpy.ndarray, frames: Vectors) -> Any:
    """Scaled dot-product attention with projections."""
    q = query @ p[f"{name}/query/W"]
    return weighted_mean([q @ (frame @ p[f"{name}/key/W"]) / numpy.sqrt(len(q)) for frame in frames], frames)


def additive_attention(p: Parameters, name: str, query: numpy.ndarray, frames: Vectors) -> Any:
    """Additive attention."""
    q = query @ p[f"{name}/query/W"]
    hidden = [numpy.tanh(linear(p, f"{name}/key", frame) + q) for frame in frames]
    return weighted_mean([(h @ p[f"{name}/energy/W"])[0] for h in hidden], frames)


def pooled(frames: Vectors, size: int, mode: str = "max") -> list[numpy.ndarray]:
    """The maximum or mean of each ``size`` frames, the last ones may be fewer."""
    function: Any = {"max": numpy.max, "mean": numpy.mean}[mode]
    return [function(frames[t : t + size], axis=0) for t in range(0, len(frames), size)]


def convolution(p: Parameters, name: str, frames: Vectors, stride: int = 1) -> list[numpy.ndarray]:
    """A convolution over time, with zeros before and after the sequence."""
    size = len(p[f"{name}/W"])
    outputs = []
    for t in range(0, len(frames), stride):
        y = p[f"{name}/b"]
        for j in range(size):
            position = t + j - (size - stride) // 2
            if 0 <= position < len(frames):
                y = y + frames[position] @ p[f"{name}/W"][j]
        outputs.append(y)
    return outputs
