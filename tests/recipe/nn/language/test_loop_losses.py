"""Losses in loops; the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames, vector
from .test_loop import LIMITS, running_sum, start

pytestmark = pytest.mark.xdist_group("returnn-2")


def test_loss_inside() -> None:
    """A loss in the body is the loss over all steps."""

    class Model(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.output = nn.Linear(FEATURES, LABELS)

        def forward(self) -> None:
            loop = nn.Loop()
            start(loop)
            with loop:
                logits = self.output(running_sum(loop, loop.unstack(frames())))
                target = loop.unstack(classes())
                nn.cross_entropy(logits, target).mark_as_loss("inside")
                nn.frame_error(logits, target).mark_as_loss("error", as_error=True)
                outside = loop.stack(logits)
            nn.cross_entropy(outside, classes()).mark_as_loss("outside")

    run = check_agreement(Model(), FEEDS)
    numpy.testing.assert_allclose(run.in_numpy.losses["inside"], run.in_numpy.losses["outside"], rtol=1e-5)


def test_loss_inside_of_a_loop_with_end() -> None:
    """Only the steps that count are in its mean."""

    def model() -> None:
        loop = nn.Loop()
        start(loop)
        with loop:
            total = running_sum(loop, loop.unstack(frames()))
            nn.reduce_sum(total * total).mark_as_loss("squared")
            loop.end(loop.iter_idx + 1 >= nn.get_extern_data(LIMITS), include_eos=True)

    check_agreement(model, {**FEEDS, "limits": numpy.array([2, 7, 1], "int32")})


@pytest.mark.parametrize("place", ["before", "after", "of a value before"])
def test_loss_of_what_depends_on_no_step(place: str) -> None:
    """It counts in each step, wherever the body says that something is unstacked which it computes itself."""

    def model(place: str) -> None:
        with nn.Loop() as loop:
            squares = vector() * vector()
            mean = nn.reduce_mean(squares)
            if place == "before":
                nn.reduce_sum(squares).mark_as_loss("squares")
            frame = loop.unstack(nn.tanh(frames()))
            if place == "after":
                nn.reduce_sum(squares).mark_as_loss("squares")
            elif place == "of a value before":
                mean.mark_as_loss("squares")
            nn.reduce_sum(frame).mark_as_loss("frames")

    run = check_agreement(model, {name: FEEDS[name] for name in ("data", "vector")}, place=place).in_numpy
    of_sequence = (FEEDS["vector"] ** 2).sum(axis=-1) / (FEATURES.size if place == "of a value before" else 1)
    lengths = FEEDS["data"][1]
    numpy.testing.assert_allclose(run.losses["squares"], (of_sequence * lengths).sum() / lengths.sum(), rtol=1e-5)
