"""States run on after the end of their sequence only where they stay finite and nothing reads them."""

from __future__ import annotations

from collections.abc import Callable

import numpy
import pytest

from recipe import nn
from recipe.nn.passes.for_engines import for_engines
from recipe.nn.torch_code.running_on import running_on

from ..agreement import random_parameters
from ..inputs import CLASSES, FEATURES, FRAMES, LABELS
from ..torch_run import run_torch

DIM = nn.Dim(3, "dim")
LENGTHS = (1, 200)


class Recurrent(nn.Module):
    """
    A loop with one state of vectors and one of labels; in each step the state's new value is squashed and stacked.

    :param new: the state's new value, by the old one and the frame
    :param reads_last: whether the state is read after the loop
    """

    def __init__(self, new: Callable[[nn.Tensor, nn.Tensor], nn.Tensor], reads_last: bool = False):
        super().__init__()
        self.new, self.reads_last = new, reads_last
        self.input, self.output = nn.Linear(FEATURES, DIM), nn.Linear(DIM, LABELS)
        self.embedding = nn.Embedding(LABELS, DIM)

    def forward(self) -> nn.Tensor:
        frames, loop = self.input(nn.get_extern_data(FRAMES)), nn.Loop()
        loop.state.x = nn.zeros([nn.batch_dim, DIM])
        loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
        with loop:
            x = self.new(loop.state.x, loop.unstack(frames) + self.embedding(loop.state.label))
            loop.state.x = x
            scores = self.output(nn.tanh(x))
            loop.state.label = nn.argmax(scores)
            stacked = loop.stack(scores)
        nn.cross_entropy(stacked, nn.get_extern_data(CLASSES)).mark_as_loss("ce")
        return loop.state.x if self.reads_last else stacked


def running(model: nn.Module) -> set[str]:
    """The names of the states that run on."""
    program = for_engines(nn.Network(model, extern_data=[FRAMES, CLASSES])).program
    return {op.leaf.name for loop in program.loops for op in running_on(loop, program.needed)}


@pytest.mark.parametrize(
    "new",
    [
        lambda x, frame: nn.tanh(x * 2.0 + frame),
        lambda x, frame: x + nn.tanh(frame),
        lambda x, frame: nn.where(frame > 0.0, x, frame),
        lambda x, frame: nn.maximum(x, frame) - nn.sigmoid(x * x * x),
    ],
)
def test_what_stays_finite_runs_on(new: Callable[[nn.Tensor, nn.Tensor], nn.Tensor]) -> None:
    assert running(Recurrent(new)) == {"x", "label"}


@pytest.mark.parametrize(
    "new",
    [
        lambda x, frame: x * 2.0 + frame,
        lambda x, frame: x + x + frame,
        lambda x, frame: nn.dropout(x, 0.5) + frame,
        lambda x, frame: nn.exp(x),
        lambda x, frame: frame / (x + 2.0),
    ],
)
def test_what_may_grow_or_be_no_number_is_held(new: Callable[[nn.Tensor, nn.Tensor], nn.Tensor]) -> None:
    assert "x" not in running(Recurrent(new))


def test_what_is_read_after_the_loop_is_held() -> None:
    assert running(Recurrent(lambda x, frame: nn.tanh(x + frame), reads_last=True)) == {"label"}


def test_a_label_that_is_counted_up_is_held() -> None:
    """It would be beyond the table of the embedding."""

    class Counted(Recurrent):
        def forward(self) -> nn.Tensor:
            frames, loop = nn.get_extern_data(FRAMES), nn.Loop()
            loop.state.label = nn.constant(0, [nn.batch_dim], sparse_dim=LABELS)
            with loop:
                stacked = loop.stack(self.embedding(loop.state.label) + self.input(loop.unstack(frames)))
                loop.state.label = nn.cast(loop.state.label + 1, "int32", sparse_dim=LABELS)
            return stacked

    assert running(Counted(lambda x, frame: x)) == set()


def test_gradients_are_numbers_where_sequences_end_far_before_others() -> None:
    pytest.importorskip("torch", reason="runs with PyTorch")
    random = numpy.random.default_rng(1)
    feeds = {
        "data": (random.standard_normal((2, max(LENGTHS), FEATURES.size)).astype("float32"), numpy.array(LENGTHS)),
        "classes": (random.integers(0, LABELS.size, (2, max(LENGTHS))).astype("int32"), numpy.array(LENGTHS)),
    }
    network = nn.Network(Recurrent(lambda x, frame: nn.tanh(x * 2.0 + frame)), extern_data=[FRAMES, CLASSES])
    run = run_torch(network, feeds, random_parameters(network), gradients=True)
    for name, gradient in run.gradients.items():
        assert gradient is not None and numpy.isfinite(gradient).all(), name
