"""What ops mean, for one sequence: lists of vectors, and vectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy

Array = numpy.ndarray
LOWEST = -1e30


def sigmoid(x: Array) -> Array:
    """``1 / (1 + exp(-x))``."""
    return 1.0 / (1.0 + numpy.exp(-x))


def softmax(x: Array) -> Array:
    """Of a vector."""
    return numpy.exp(log_softmax(x))


def log_softmax(x: Array) -> Array:
    """Of a vector."""
    return x - x.max() - numpy.log(numpy.exp(x - x.max()).sum())


def affine(parameters: Mapping[str, Array], name: str, x: Array) -> Array:
    """``x W + b``."""
    return x @ parameters[f"{name}/W"] + parameters.get(f"{name}/b", 0.0)


def lstm_step(parameters: Mapping[str, Array], name: str, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
    """One step: the new h and c."""
    j, i, f, o = numpy.split(affine(parameters, name, x) + h @ parameters[f"{name}/W_re"], 4)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(j)
    return sigmoid(o) * numpy.tanh(c), c


def lstm(
    parameters: Mapping[str, Array], name: str, frames: Sequence[Array], h: Array, c: Array, backward: bool
) -> list[Array]:
    """An LSTM over all frames."""
    result = []
    for frame in reversed(frames) if backward else frames:
        h, c = lstm_step(parameters, name, frame, h, c)
        result.append(h)
    return result[::-1] if backward else result


def convolution(
    parameters: Mapping[str, Array], name: str, frames: Sequence[Array], size: int, stride: int
) -> list[Array]:
    """One result for each ``stride``-th frame, with zeros before and after the sequence."""
    left = (size - stride) // 2
    result = []
    for start in range(0, len(frames), stride):
        y = parameters[f"{name}/b"]
        for j, weight in enumerate(parameters[f"{name}/W"]):
            position = start + j - left
            y = y + (frames[position] @ weight if 0 <= position < len(frames) else 0.0)
        result.append(y)
    return result


def pool(frames: Sequence[Array], size: int, mode: str) -> list[Array]:
    """The maximum or mean of each ``size`` frames."""
    groups = [numpy.array(frames[start : start + size]) for start in range(0, len(frames), size)]
    return [group.max(axis=0) if mode == "max" else group.mean(axis=0) for group in groups]


def attention(energies: Sequence[float], frames: Sequence[Array], zeros: Array) -> Array:
    """The mean of the frames, weighted by the softmax of the energies."""
    if not frames:
        return zeros
    return softmax(numpy.array(energies)) @ numpy.array(frames)


def at(frames: Sequence[Array], position: int) -> Array:
    """The frame at this position; before the first one that, after the last one that."""
    return frames[min(max(position, 0), len(frames) - 1)]


def layer_norm(parameters: Mapping[str, Array], name: str, x: Array) -> Array:
    """Of a vector."""
    normalized = (x - x.mean()) / numpy.sqrt(x.var() + 1e-6)
    return parameters[f"{name}/scale"] * normalized + parameters[f"{name}/bias"]


def sinusoids(position: int, size: int) -> Array:
    """The positional encoding of Vaswani et al. 2017, sines first."""
    half = size // 2
    angles = position * numpy.exp(-numpy.log(1e4) / (half - 1) * numpy.arange(half))
    return numpy.concatenate([numpy.sin(angles), numpy.cos(angles), numpy.zeros(size - 2 * half)])
