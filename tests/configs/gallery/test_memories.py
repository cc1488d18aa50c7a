"""The Neural Turing machine and the decoder with a stack of ``configs/gallery``."""

from __future__ import annotations

import numpy
import pytest

from configs.gallery import neural_turing_machine, stack_decoder
from recipe import nn

from ...recipe.nn.agreement import ragged_labels, random_parameters
from .checks import check, parameters_of
from .plain import linear, lstm, sigmoid, softmax

pytestmark = pytest.mark.xdist_group("returnn-2")

COPIES = {"data": ragged_labels([4, 2, 3], 5, seed=1, first=1), "classes": ragged_labels([5, 3, 4], 5, seed=2)}
ACTIONS = [[1, 2, 4, 0, 3, 0, 0, 0], [4, 0, 0], [1, 4, 0, 0, 0]]  # each tree, and one ")" too many


def trees() -> tuple[numpy.ndarray, numpy.ndarray]:
    """The trees as a batch, with another action in the padding."""
    lengths = [len(actions) for actions in ACTIONS]
    padded = [actions + [3] * (max(lengths) - len(actions)) for actions in ACTIONS]
    return numpy.array(padded, "int32"), numpy.array(lengths, "int32")


def test_neural_turing_machine() -> None:
    """Trained and searched; each hypothesis has its own memory."""
    found = check(neural_turing_machine, COPIES, slots=3, width=2, size=3)
    assert found.beam_scores is not None and numpy.isfinite(found.beam_scores).all()


def test_weights_of_a_head() -> None:
    """Against the formulas of the paper, written for one head."""
    slots, width, features = nn.Dim(4, "slots"), nn.Dim(3, "width"), nn.Dim(5, "features")
    data = {
        "h": nn.ExternData("h", [nn.batch_dim, features]),
        "memory": nn.ExternData("memory", [nn.batch_dim, slots, width]),
        "before": nn.ExternData("before", [nn.batch_dim, slots]),
    }

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.head = neural_turing_machine.Head(slots, width)

        def forward(self) -> nn.Tensor:
            return self.head(*(nn.get_extern_data(one) for one in data.values()))

    generator = numpy.random.default_rng(1)
    feeds = {
        "h": generator.standard_normal((2, 5)).astype("float32"),
        "memory": generator.standard_normal((2, 4, 3)).astype("float32"),
        "before": generator.dirichlet(numpy.ones(4), 2).astype("float32"),
    }
    network = nn.Network(Model())
    p = random_parameters(network)
    given = nn.run_numpy(network, feeds, p).outputs["output"].value
    for weights, h, memory, before in zip(given, *feeds.values()):
        key = numpy.tanh(linear(p, "head/key", h))
        similarity = memory @ key / (numpy.linalg.norm(memory, axis=1) * numpy.linalg.norm(key))
        strength, gate, sharpness = linear(p, "head/numbers", h)
        strength, gate = numpy.log1p(numpy.exp(strength)), sigmoid(gate)
        between = gate * softmax(strength * similarity) + (1.0 - gate) * before
        shift = softmax(linear(p, "head/shift", h))  # by -1, 0 and 1 slots
        moved = sum(shift[n] * numpy.roll(between, n - 1) for n in range(3))
        sharp = moved ** (1.0 + numpy.log1p(numpy.exp(sharpness)))
        numpy.testing.assert_allclose(weights, sharp / sharp.sum(), rtol=1e-3)


def test_stack_decoder() -> None:
    """Trained and searched; all trees that are found are well-formed, if they were not cut off."""
    feeds = {"data": ragged_labels([4, 2, 3], 6, seed=1), "classes": trees()}
    found = check(stack_decoder, feeds)
    for actions in found.outputs["output"].sequences():
        depths = numpy.cumsum([-1 if action == 0 else 1 for action in actions])
        assert len(actions) == 12 or (depths[-1:].sum() == 0 and (depths >= 0).all())


def test_stack_is_that_of_a_list() -> None:
    """The loss is that of a decoder with a list of Python as its stack; the attention has no weight here."""
    network = nn.Network(stack_decoder.StackDecoder())
    feeds = {"data": ragged_labels([4, 2, 3], 6, seed=1), "classes": trees()}
    p = parameters_of(network)
    p["output/W"][4:] = 0.0
    losses = []
    for actions in ACTIONS:
        stack = [(numpy.zeros(4), numpy.zeros(4))]
        for action in actions:
            logits = stack[-1][0] @ p["output/W"][:4] + p["output/b"]
            losses.append(-numpy.log(softmax(logits)[action]))
            if action != 0:
                stack.append(lstm(p, "cell", p["embedding/W"][action], *stack[-1]))
            elif len(stack) > 1:
                h, _ = stack.pop()
                stack.append(lstm(p, "cell", h, *stack.pop()))
    numpy.testing.assert_allclose(nn.run_numpy(network, feeds, p).losses["ce"], numpy.mean(losses), rtol=1e-5)
