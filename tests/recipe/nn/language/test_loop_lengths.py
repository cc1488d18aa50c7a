"""Lengths: of loops that nothing but a condition ends, of a search over known frames; frames counted from the end."""

from __future__ import annotations

import numpy
import pytest

from recipe import nn

from ..agreement import check_agreement
from ..inputs import FEATURES, FEEDS, LABELS, LENGTHS, classes, frames, other_frames

pytestmark = pytest.mark.xdist_group("returnn-2")

LIMITS = nn.ExternData("limits", [nn.batch_dim], dtype="int32")


@pytest.mark.parametrize("include_eos", [True, False])
def test_end_without_limit(include_eos: bool) -> None:
    """RETURNN wants a limit for such loops; Python does not."""

    def model() -> dict[str, nn.Tensor]:
        loop = nn.Loop()
        loop.state.count = nn.zeros([nn.batch_dim], dtype="int32")
        with loop:
            loop.state.count = loop.state.count + 1
            loop.end(loop.state.count >= nn.get_extern_data(LIMITS), include_eos=include_eos)
            steps = loop.stack(loop.state.count)
        return {"steps": steps, "state": loop.state.count}

    outputs = check_agreement(model, {"limits": numpy.array([3, 1, 4], "int32")}).in_numpy.outputs
    assert outputs["state"].value.tolist() == ([3, 1, 4] if include_eos else [2, 0, 3])


def test_frames_counted_from_the_end() -> None:
    def model() -> dict[str, nn.Tensor]:
        with nn.Loop() as loop:
            loop.unstack(other_frames())
            in_loop = loop.stack(frames()[-2])
        return {"last": frames()[-1], "label": classes()[-1], "in_loop": in_loop}

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    array, lengths = FEEDS["data"]
    numpy.testing.assert_array_equal(outputs["last"].value, array[numpy.arange(len(lengths)), lengths - 1])


def test_search_over_known_frames() -> None:
    """Each hypothesis has the length of its sequence."""

    def model() -> nn.Tensor:
        linear = nn.Linear(FEATURES, LABELS)
        with nn.Loop() as loop:
            scores = linear(loop.unstack(frames()))
            return loop.stack(nn.choice(scores, search=nn.BeamSearch(3, length_normalization=0.0)))

    outputs = check_agreement(model, FEEDS).in_numpy.outputs
    (lengths,) = outputs["output"].lengths.values()
    assert lengths.tolist() == [length for length in LENGTHS for _ in range(3)]
