"""Parts of the plain NumPy loops over one sequence that the tests compare architectures with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy

Parameters = Mapping[str, numpy.ndarray]


def sigmoid(x: numpy.ndarray) -> numpy.ndarray:
    """Logistic function."""
    return 1.0 / (1.0 + numpy.exp(-x))


def softmax(x: numpy.ndarray) -> numpy.ndarray:
    """Of a vector."""
    return numpy.exp(x) / numpy.exp(x).sum()


def linear(p: Parameters, name: str, *parts: numpy.ndarray) -> numpy.ndarray:
    """``nn.Linear`` of the joined parts."""
    return numpy.concatenate(parts) @ p[f"{name}/W"] + p[f"{name}/b"]


def gru(p: Parameters, name: str, x: numpy.ndarray, h: numpy.ndarray) -> numpy.ndarray:
    """``nn.GruCell``."""
    r_x, z_x, n_x = numpy.split(x @ p[f"{name}/W"] + p[f"{name}/b"], 3)
    r_h, z_h, n_h = numpy.split(h @ p[f"{name}/W_re"], 3)
    r, z = sigmoid(r_x + r_h), sigmoid(z_x + z_h)
    return (1.0 - z) * numpy.tanh(n_x + r * (n_h + p[f"{name}/b_re"])) + z * h


def gru_states(p: Parameters, name: str, frames: Iterable[numpy.ndarray]) -> list[numpy.ndarray]:
    """``nn.Gru``."""
    states = [numpy.zeros(len(p[f"{name}/b_re"]))]
    for frame in frames:
        states.append(gru(p, name, frame, states[-1]))
    return states[1:]


def bidirectional_gru(p: Parameters, name: str, frames: list[numpy.ndarray]) -> numpy.ndarray:
    """``nn.BidirectionalGru``."""
    forward, backward = gru_states(p, f"{name}/fw", frames), gru_states(p, f"{name}/bw", frames[::-1])[::-1]
    return numpy.concatenate([forward, backward], axis=1)


def lstm(
    p: Parameters, name: str, x: numpy.ndarray, h: numpy.ndarray, c: numpy.ndarray
) -> tuple[numpy.ndarray, numpy.ndarray]:
    """``nn.LstmCell``: the new output and cell."""
    j, i, f, o = numpy.split(x @ p[f"{name}/W"] + h @ p[f"{name}/W_re"] + p[f"{name}/b"], 4)
    c = sigmoid(f) * c + sigmoid(i) * numpy.tanh(j)
    return sigmoid(o) * numpy.tanh(c), c
