"""Losses in loops; the same in NumPy and RETURNN."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, classes, frames
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
